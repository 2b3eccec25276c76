"""Inventory: the goods on the shelf, and those that are set aside for orders."""
