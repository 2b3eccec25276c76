"""The steering of an inbox by operators: what is not begun for now."""
