"""Amphibus: business modules that talk through typed message contracts, in one process or over a broker.

The names that a module needs, loaded when first used, so that importing contracts stays cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from amphibus.config.hot import Hot
    from amphibus.context import UNKNOWN, Context, Outside
    from amphibus.errors import AmphibusError, Refused, Unavailable
    from amphibus.integrations.inbox import Inbox
    from amphibus.integrations.outbox import Outbox
    from amphibus.integrations.relay import OutboxRelay
    from amphibus.module import Module, Person, PersonalRows, convert, every, on
    from amphibus.policy import Policy, Quota, Retries
    from amphibus.producer import Producer

__all__ = (
    "UNKNOWN",
    "AmphibusError",
    "Context",
    "Hot",
    "Inbox",
    "Module",
    "Outbox",
    "OutboxRelay",
    "Outside",
    "Person",
    "PersonalRows",
    "Policy",
    "Producer",
    "Quota",
    "Refused",
    "Retries",
    "Unavailable",
    "convert",
    "every",
    "on",
)

__version__ = "0.1.0"

_HOME = {
    "UNKNOWN": "context",
    "AmphibusError": "errors",
    "Context": "context",
    "Hot": "config.hot",
    "Inbox": "integrations.inbox",
    "Module": "module",
    "Outbox": "integrations.outbox",
    "OutboxRelay": "integrations.relay",
    "Outside": "context",
    "Person": "module",
    "PersonalRows": "module",
    "Policy": "policy",
    "Producer": "producer",
    "Refused": "errors",
    "Quota": "policy",
    "Retries": "policy",
    "Unavailable": "errors",
    "convert": "module",
    "every": "module",
    "on": "module",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        message = f"module 'amphibus' has no attribute '{name}'; it has {', '.join(__all__)}"
        raise AttributeError(message)
    return getattr(import_module(f"amphibus.{_HOME[name]}"), name)
