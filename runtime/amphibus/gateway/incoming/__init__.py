"""Incoming webhooks: what another system posts, signed, becomes a command of ours. Each has a route of its own."""
