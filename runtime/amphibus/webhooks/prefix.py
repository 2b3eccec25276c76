"""The name of a webhook's module."""

from typing import Final

PREFIX: Final = "webhook_"
"""The module of `[webhooks.acme]` is `webhook_acme`."""
