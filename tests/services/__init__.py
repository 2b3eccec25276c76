"""Servers that the tests bring with them."""
