"""The adapters that reach the payment provider."""
