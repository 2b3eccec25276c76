"""`amphibus send`."""
