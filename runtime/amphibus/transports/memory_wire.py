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
from amphibus.transports.hosted_module import HostedModule
from amphibus.transports.requests import RequestsOverDelivery

_LATEST_SECONDS = 0.004


class MemoryWireTransport:
    """Encodes and decodes every envelope, repeats some, and reorders those of different keys."""

    name = "memory"
    apart = False

    def __init__(
        self,
        clock: Clock,
        partition_count: int,
        *,
        seed: int = 0,
        repeat: float = 0.2,
        delay: float = 0.5,
    ) -> None:
        self._clock = clock
        self._random = random.Random(seed)
        self._repeat = repeat
        self._delay = delay
        self._partition_count = partition_count
        self._hosted: dict[str, HostedModule] = {}
        self._on_its_way: dict[str, int] = {}
        """The number of messages that are delayed, by destination."""
        self.requests = RequestsOverDelivery(self)

    def attach(self, module: str, inbound: Inbound, partitions: OwnedPartitions) -> None:
        """Begins to hand messages to a module."""
        self._hosted[module] = HostedModule(inbound, partitions, self._partition_count)

    async def open(self, health: Health) -> None:
        """Nothing to open."""

    async def detach(self, module: str) -> None:
        """Drops what is on its way to that module: nobody was told that it is safe."""
        self._hosted.pop(module, None)

    async def revoke(self, module: str, partitions: frozenset[int]) -> None:
        """Does nothing: what is on its way is taken without its partition."""

    async def finish(self) -> None:
        """Whoever sent something is told in the same turn of the loop."""

    async def close(self) -> None:
        """Drops what is on its way."""
        self._hosted.clear()

    async def idle(self) -> bool:
        """Returns whether nothing waits for its time."""
        return not any(self._on_its_way.get(module) for module in self._hosted)

    def routes(self, destinations: Destinations) -> list[tuple[str, Destinations]]:
        """Each destination is a route of its own: none waits for another."""
        return [(each, (each,)) for each in destinations]

    def is_reachable(self, route: str) -> bool:
        """Returns whether that module or address is attached."""
        return route in self._hosted

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
        hosted = self._hosted.get(destination)
        if hosted is not None:
            hosted.take(from_headers(headers, body, now=self._clock.now()), ack)


def _nothing() -> None:
    """Nobody waits for a repetition."""
