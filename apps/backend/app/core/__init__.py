"""What every layer stands on: settings, database, Redis, logging."""
