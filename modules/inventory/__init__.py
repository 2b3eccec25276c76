"""Inventory: what lies on the shelf, and what of it is set aside for orders."""
