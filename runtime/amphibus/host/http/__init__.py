"""The HTTP server of a process, with HTTPS of its own."""
