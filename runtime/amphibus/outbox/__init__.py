"""Takes a module's committed messages to their destinations."""
