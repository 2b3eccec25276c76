"""Webhooks: endpoints of others that get events of the system. Each is a module of the runtime, with an inbox."""
