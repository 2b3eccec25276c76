"""Their contestants: processes that do the same part with something else, or with nothing around it."""
