"""Receives a module's messages: each handled once, in order per key, with bounded retries."""
