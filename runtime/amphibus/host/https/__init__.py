"""HTTPS of the gateway's own."""
