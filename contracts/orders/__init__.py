"""The messages of the orders module."""
