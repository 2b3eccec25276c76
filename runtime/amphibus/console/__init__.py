"""The console: pages on which operators see the system and act on it. It asks modules, and reads no store."""
