"""A module's schema in a PostgreSQL database."""
