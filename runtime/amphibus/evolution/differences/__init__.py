"""The differences between two forms, each with its rule."""
