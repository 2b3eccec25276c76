"""`amphibus token` and `amphibus keys`: who may come in over HTTP."""
