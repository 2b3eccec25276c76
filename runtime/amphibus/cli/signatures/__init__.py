"""The commands that look after the keys of signatures."""
