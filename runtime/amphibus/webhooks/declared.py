"""The webhooks of a project, each as the front page of a module of the runtime.

So an endpoint is a destination like any other: it has an inbox and an order per key, it is retried, paused, limited,
replayed and looked at by the same commands, in one process and in a fleet.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from amphibus.config.webhooks import MODULE_PREFIX, WebhookSettings, declared_webhooks
from amphibus.context import UNKNOWN, Context, Outside
from amphibus.contract import Message, kind_of
from amphibus.errors import DeclarationError, Unavailable
from amphibus.module import Module, on
from amphibus.nearest import did_you_mean
from amphibus.webhooks.endpoint import Endpoint


def webhook_modules(root: Path, contracts: Mapping[str, type[Message]]) -> dict[str, Module]:
    """Returns a front page for each webhook of `config/amphibus.toml`, by its name.

    Raises:
        DeclarationError: one subscribes to what is no event.
    """
    declared = declared_webhooks(root)
    problems = [
        problem for name, table in declared.items() for problem in _problems(name, table, contracts)
    ]
    if problems:
        raise DeclarationError(problems)
    return {MODULE_PREFIX + name: _page(name, table, contracts) for name, table in declared.items()}


def _problems(
    name: str, table: Mapping[str, Any], contracts: Mapping[str, type[Message]]
) -> list[str]:
    events = [type_ for type_, each in contracts.items() if kind_of(each) == "event"]
    return [
        f"[webhooks.{name}] subscribes to {each}, which is no event in contracts/"
        + did_you_mean(str(each), events)
        for each in table.get("subscribes", ())
        if each not in events
    ]


def _page(name: str, table: Mapping[str, Any], contracts: Mapping[str, type[Message]]) -> Module:
    settings = WebhookSettings.model_construct(**table)
    return Module(
        name=MODULE_PREFIX + name,
        container=container_of(name),
        subscribes=tuple(
            on(contracts[each], _delivered, outside=_post) for each in settings.subscribes
        ),
        purposes=tuple(settings.purposes),
        ignores=tuple(settings.ignores),
    )


def container_of(name: str) -> type[Any]:
    """Returns what makes the endpoint of a webhook of the settings."""

    class WebhookContainer:
        """Holds the endpoint. Made once a process."""

        def __init__(self, endpoint: Endpoint) -> None:
            self.endpoint = endpoint

        @classmethod
        def of_settings(cls, settings: Any) -> "WebhookContainer":
            """Makes it of all settings: a webhook has a table of its own, and none of modules."""
            return cls(Endpoint(name, settings.webhooks.get(name) or WebhookSettings()))

    return WebhookContainer


async def _post(_event: Message, outside: Outside[Any]) -> None:
    await outside.container.endpoint.post(outside.envelope)


async def _delivered(_event: Message, context: Context[Any]) -> None:
    """Nothing is left to do: that the event was taken is what the inbox notes."""
    if context.outside is UNKNOWN:
        raise Unavailable("the endpoint has given no answer in time")
