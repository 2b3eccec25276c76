"""Takes what a module has committed to its destinations."""
