"""The commands that change settings while a system runs, and explain them."""
