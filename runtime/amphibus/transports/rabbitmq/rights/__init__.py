"""Users, permissions and definitions at the broker, derived from the front pages."""
