"""Our contestants: processes that do their part of a figure with Amphibus."""
