"""The messages of the notifications module."""
