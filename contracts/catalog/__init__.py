"""The messages of the inventory module."""
