"""Which instance of a module does which part of its work."""
