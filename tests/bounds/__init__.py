"""The quick tests at both ends of what `runtime/pyproject.toml` allows."""
