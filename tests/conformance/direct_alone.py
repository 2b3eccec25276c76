"""Messages that go directly from the beginning, above a broker that was never there: what it is given is lost."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from amphibus.clock import Clock
from amphibus.config.settings import Settings
from amphibus.errors import OwnerAway
from amphibus.messages.envelope import Envelope, Reply
from amphibus.routing.topology import Topology
from amphibus.telemetry.health import Health
from amphibus.testing import Harness
from amphibus.testing.conformance.office import Office, until
from amphibus.transport import (
    Ack,
    Destinations,
    Inbound,
    MarkingSender,
    OnReply,
    OwnedPartitions,
    Transport,
)
from amphibus.transports.direct.choice import directly


class NoBroker:
    """Takes everything and carries nothing, except what a test hands over as a broker does: past every outbox.

    That has no relay which would give it to the other way.
    """

    name = "direct"
    apart = True
    works = False

    def __init__(self) -> None:
        self.requests = NoRequests()
        self._hosted: dict[str, Inbound] = {}

    def attach(self, module: str, inbound: Inbound, partitions: OwnedPartitions) -> None:  # noqa: ARG002
        """Nothing that has left an outbox comes from here."""
        self._hosted[module] = inbound

    async def open(self, health: Health) -> None:
        """There is nothing to open."""

    async def detach(self, module: str) -> None:
        self._hosted.pop(module, None)

    async def revoke(self, module: str, partitions: frozenset[int]) -> None:
        """Nothing is on its way."""

    async def finish(self) -> None:
        """Nobody is told anything."""

    async def close(self) -> None:
        """There is nothing to close."""

    async def idle(self) -> bool:
        return True

    def routes(self, destinations: Destinations) -> list[tuple[str, Destinations]]:
        return [(each, (each,)) for each in destinations]

    def is_reachable(self, route: str) -> bool:
        return route in self._hosted

    def deliver(self, destinations: Destinations, envelope: Envelope, ack: Ack) -> None:
        """Loses what a relay gives it."""
        if not isinstance(ack, partial):
            self._hosted[destinations[0]].take(envelope, ack)

    def follow(self, source: str, sender: MarkingSender | None) -> None:
        """There is no broker to be recognised."""

    def recall(self, source: str) -> None:
        """Nothing of it has left."""

    def pass_by(self, passed: bool) -> None:
        """It is no lack in any case."""

    def doubt(self, _module: str, _envelope: Envelope) -> str | None:
        return None


class NoRequests:
    """Nobody answers."""

    address = ""

    def attach(self, module: str, inbound: Inbound) -> None:
        """Nothing is asked from here."""

    async def detach(self, module: str) -> None:
        """Nothing is asked from here."""

    async def request(self, destination: str, envelope: Envelope, timeout: float) -> Reply:  # noqa: ASYNC109
        raise OwnerAway(f"no broker for {destination}", envelope.type, f"within {timeout} s")

    def expect_reply(self, message_id: str, on_reply: OnReply | None) -> None:
        """None comes from here."""


def directly_alone(topology: Topology, settings: Settings, clock: Clock) -> Transport:
    """A transport whose broker is away from the first moment on."""
    bus = settings.bus.model_copy(update={"fallback_after_seconds": 0.0})
    return directly(NoBroker(), topology, settings.model_copy(update={"bus": bus}), clock)


class DirectOffice(Office):
    """Opens once all goes directly: the change writes into the databases too, which a test may count."""

    @asynccontextmanager
    async def open(self, *modules: str, **more: Any) -> AsyncIterator[Harness]:
        async with super().open(*modules, **more) as shop:
            await until(lambda: all(_goes_directly(shop, name) for name in shop.host.modules))
            yield shop


def _goes_directly(shop: Harness, sender: str) -> bool:
    way: Any = shop.host.modules[sender].changeover
    if way is None:
        return True
    hosted = {sender, *shop.host.topology.receivers(sender)}.intersection(shop.host.modules)
    return (
        not (way._behind or way._unread or any(way._notes._known.values()))
        and hosted <= way._direct
    )


def office_on(carrier: str, data: Path, **more: Any) -> Office:
    """An office on a transport of the suite, by its name."""
    if carrier == "direct":
        return DirectOffice(directly_alone, data, **more)
    return Office(carrier, data, **more)
