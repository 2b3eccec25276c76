"""Finds a person in the store of a module, and replaces what is personal; contracts and front pages say what is."""
