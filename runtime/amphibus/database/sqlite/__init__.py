"""A module's SQLite file."""
