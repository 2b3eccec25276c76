"""What can be set, and the layers that set it."""
