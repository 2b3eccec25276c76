"""A module's database: one promise (`store.py`), a package for each kind that keeps it."""
