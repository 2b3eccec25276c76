"""`amphibus webhooks`: endpoints of others that get events."""
