"""`amphibus run` and the processes that it starts."""
