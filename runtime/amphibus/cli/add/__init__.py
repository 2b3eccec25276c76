"""`amphibus add`: modules, messages, handlers and processes, written as a maintainer would have."""
