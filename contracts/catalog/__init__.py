"""The messages of the catalog module."""
