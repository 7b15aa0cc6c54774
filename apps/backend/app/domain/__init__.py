"""Reading and rendering. Pure: no database, no network, no settings."""
