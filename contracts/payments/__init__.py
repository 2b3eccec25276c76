"""The messages of the payments module."""
