"""`amphibus check`."""
