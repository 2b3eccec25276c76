"""The messages of the reporting module."""
