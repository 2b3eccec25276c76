"""A process that hosts modules: opened together, stopped gracefully."""
