"""The control store: the revisions of what is set while a system runs, one row each, in one place a system."""
