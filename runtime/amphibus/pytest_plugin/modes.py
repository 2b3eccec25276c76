"""The modes in which the modules of a test run: what carries their messages, and where their databases are."""

from dataclasses import dataclass
from typing import Final

import pytest

from amphibus.nearest import did_you_mean
from amphibus.transports.registry import MakeTransport


@dataclass(frozen=True)
class Mode:
    """One way in which the modules of a test run."""

    name: str
    transport: str | MakeTransport
    """The name of a transport, or what makes one of your own."""
    on_server: bool = False
    """True where the databases are on PostgreSQL, and not in files."""

    @property
    def needs_broker(self) -> bool:
        """True where messages travel over RabbitMQ."""
        return isinstance(self.transport, str) and self.transport.startswith("rabbitmq")

    def __str__(self) -> str:
        return self.name


MODES: Final = {
    each.name: each
    for each in (
        Mode("memory", "memory"),
        Mode("memory+wire", "memory+wire"),
        Mode("rabbitmq", "rabbitmq"),
        Mode("postgresql", "memory", on_server=True),
        Mode("rabbitmq+postgresql", "rabbitmq", on_server=True),
    )
}
"""By the names that markers and settings use."""


def modes_of(test: pytest.Item, config: pytest.Config) -> list[Mode]:
    """Returns the modes of a test: those of its marker, else of the settings; of those, what was asked for.

    Raises:
        pytest.UsageError: a name is none of them.
    """
    marker = test.get_closest_marker("amphibus")
    given = marker.kwargs.get("modes") if marker is not None else None
    wanted = config.getini("amphibus_modes") if given is None else given
    if isinstance(wanted, str | Mode):
        wanted = (wanted,)
    found = [mode for each in wanted for mode in _named(each)]
    asked = config.getoption("--amphibus-modes")
    if asked is None:
        return found
    only = [mode.name for name in asked.split(",") for mode in _named(name.strip())]
    return [each for each in found if each.name in only]


def _named(name: str | Mode) -> list[Mode]:
    if isinstance(name, Mode):
        return [name]
    if name == "all":
        return list(MODES.values())
    if name not in MODES:
        raise pytest.UsageError(
            f"no mode '{name}' for tests of modules; "
            f"there are all, {', '.join(MODES)}{did_you_mean(name, MODES)}"
        )
    return [MODES[name]]
