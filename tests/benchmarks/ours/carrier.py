"""Puts messages of the two-module business into the broker, and opens hosts on what is there."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from amphibus.cli.run.collector import look_less_often
from amphibus.clock import SystemClock
from amphibus.config.settings import Settings, load_settings
from amphibus.contract import Message
from amphibus.host.host import Host
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_id, new_trace
from amphibus.partitions.assignment import SingleInstance
from amphibus.routing.codec import to_bytes
from amphibus.routing.project import Project
from amphibus.telemetry.health import Health
from amphibus.telemetry.logs import set_up
from amphibus.transports.registry import make
from tests.benchmarks.business import project

PARTITIONS = 8


def settings_for(business: Project, setup: Mapping[str, Any], **more: Any) -> Settings:
    """The defaults, on the databases and the broker of a contestant."""
    given = {name: setup[name] for name in ("db_url", "amqp_url", "env") if setup.get(name)}
    settings = load_settings(
        business.root,
        mode="distributed",
        flags={"data_dir": Path(setup["data"]), "log_format": "json"} | given | more,
        environ={},
    )
    set_up(settings.log_format, settings.log_level)
    return settings


@asynccontextmanager
async def hosted(
    setup: Mapping[str, Any], *names: str, business: Project | None = None, **more: Any
) -> AsyncIterator[Host]:
    """A host of some modules: in memory, or by the transport of the setup if that names a broker."""
    found = business or project()
    settings = settings_for(found, setup, **more)
    transport = None
    if setup.get("amqp_url"):
        transport = make(
            setup.get("transport", "rabbitmq"), found.topology(), settings, SystemClock()
        )
    host = Host(found, settings, names, transport=transport)
    await host.start()
    look_less_often()
    try:
        yield host
    finally:
        await host.stop()


def envelope(message: Message, source: str = "gateway") -> Envelope:
    """A message as its sender's outbox holds it."""
    identity = new_id()
    return Envelope(
        id=identity,
        type=type(message).contract_type,
        source=source,
        key=message.key_value(),
        time=SystemClock().now(),
        correlation=identity,
        causation=None,
        trace=new_trace(),
        body=to_bytes(message),
    )


class Counted:
    """Calls of `one` until there are enough."""

    def __init__(self, enough: int) -> None:
        self._left = enough
        self._all = asyncio.Event()

    def one(self) -> None:
        """Another."""
        self._left -= 1
        if self._left <= 0:
            self._all.set()

    async def all(self) -> None:
        """Returns when there are enough."""
        async with asyncio.timeout(120):
            await self._all.wait()


class _Nobody:
    """Takes no messages: for a process that only publishes."""

    on_reply: Any = None


async def fill(setup: Mapping[str, Any], messages: list[Message]) -> None:
    """Publishes messages, until the broker has confirmed them all."""
    business = project()
    settings = settings_for(business, setup)
    transport = make("rabbitmq", business.topology(), settings, SystemClock())
    nobody: Any = _Nobody()
    nothing = SingleInstance(PARTITIONS)
    nothing.owned = frozenset()
    transport.attach("gateway", nobody, nothing)
    await transport.open(Health())
    try:
        counted = Counted(len(messages))
        topology = business.topology()
        for message in messages:
            destinations = topology.destinations(type(message))
            transport.deliver(destinations, envelope(message), counted.one)
        await counted.all()
    finally:
        await transport.close()
