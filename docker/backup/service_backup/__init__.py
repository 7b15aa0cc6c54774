"""Backs up a service (a PostgreSQL database and folders) as one restic snapshot, and restores it."""
