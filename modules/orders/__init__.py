"""Orders: takes them in, sees each through to its decision, and takes items back."""
