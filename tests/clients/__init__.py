"""The generated clients, typed and at work with the real gateway."""
