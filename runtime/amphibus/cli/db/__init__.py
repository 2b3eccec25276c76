"""`amphibus db`."""
