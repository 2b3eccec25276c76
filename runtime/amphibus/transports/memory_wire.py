"""A transport within a process that behaves as badly as a broker may: some of it comes twice or later.

For tests: what would only fail over a broker fails here, with a seed.
"""

import asyncio
import random

from amphibus.clock import Clock
from amphibus.messages.cloudevents import from_headers, to_headers
from amphibus.messages.envelope import Envelope
from amphibus.telemetry.health import Health
from amphibus.transport import Ack, Destinations, Inbound, OwnedPartitions
from amphibus.transports.requests import RequestsOverDelivery

_LATEST_SECONDS = 0.004


class MemoryWireTransport:
    """Encodes and decodes every envelope, repeats some, and reorders those of different keys."""

    name = "memory"
    apart = False

    def __init__(
        self, clock: Clock, *, seed: int = 0, repeat: float = 0.2, delay: float = 0.5
    ) -> None:
        self._clock = clock
        self._random = random.Random(seed)
        self._repeat = repeat
        self._delay = delay
        self._inbound: dict[str, Inbound] = {}
        self._on_its_way: dict[str, int] = {}
        """The number of messages that are delayed, by destination."""
        self.requests = RequestsOverDelivery(self)

    def attach(self, module: str, inbound: Inbound, partitions: OwnedPartitions) -> None:  # noqa: ARG002
        """Begins to hand messages to a module; all its partitions are in this process."""
        self._inbound[module] = inbound

    async def open(self, health: Health) -> None:
        """Nothing to open."""

    async def detach(self, module: str) -> None:
        """Drops what is on its way to that module: nobody was told that it is safe."""
        self._inbound.pop(module, None)

    async def revoke(self, module: str, partitions: frozenset[int]) -> None:
        """No partition is ever given away."""

    async def finish(self) -> None:
        """Whoever sent something is told in the same turn of the loop."""

    async def close(self) -> None:
        """Drops what is on its way."""
        self._inbound.clear()

    async def idle(self) -> bool:
        """Returns whether nothing waits for its time."""
        return not any(self._on_its_way.get(module) for module in self._inbound)

    def routes(self, destinations: Destinations) -> list[tuple[str, Destinations]]:
        """Each destination is a route of its own: none waits for another."""
        return [(each, (each,)) for each in destinations]

    def is_reachable(self, route: str) -> bool:
        """Returns whether that module or address is attached."""
        return route in self._inbound

    def deliver(self, destinations: Destinations, envelope: Envelope, ack: Ack) -> None:
        """Delivers once or twice, now or a little later; each time what the bytes say."""
        headers = to_headers(self.requests.addressed(envelope))
        body = bytes(envelope.body)
        for destination in destinations:
            self._send(destination, headers, body, ack)
            if self._random.random() < self._repeat:
                self._send(destination, headers, body, _nothing)

    def _send(self, destination: str, headers: dict[str, str], body: bytes, ack: Ack) -> None:
        if self._random.random() >= self._delay:
            self._arrive(destination, headers, body, ack)
            return
        self._on_its_way[destination] = self._on_its_way.get(destination, 0) + 1
        seconds = self._random.random() * _LATEST_SECONDS
        loop = asyncio.get_running_loop()
        loop.call_later(seconds, self._arrive_late, destination, headers, body, ack)

    def _arrive_late(
        self, destination: str, headers: dict[str, str], body: bytes, ack: Ack
    ) -> None:
        self._on_its_way[destination] -= 1
        self._arrive(destination, headers, body, ack)

    def _arrive(self, destination: str, headers: dict[str, str], body: bytes, ack: Ack) -> None:
        inbound = self._inbound.get(destination)
        if inbound is not None:
            inbound.take(from_headers(headers, body, now=self._clock.now()), ack)


def _nothing() -> None:
    """Nobody waits for a repetition."""
