"""The transport in one process whose messages travel as bytes: what tells a broker from memory is seen without one.

Each message goes through its wire form, so modules share no objects. As over a broker, some come twice, and those
of different keys overtake each other. A seed decides which.
"""

import asyncio
import random
from collections import Counter
from typing import Final, NamedTuple

from amphibus.clock import Clock
from amphibus.errors import Undecodable
from amphibus.messages.cloudevents import from_headers, to_headers
from amphibus.messages.envelope import Envelope
from amphibus.messages.failure import Failure
from amphibus.messages.refused import refused_envelope
from amphibus.telemetry.health import Health
from amphibus.telemetry.privacy import describe
from amphibus.transport import Ack, Destinations, Inbound, OwnedPartitions
from amphibus.transports.hosted_module import HostedModule
from amphibus.transports.requests import RequestsOverDelivery

_TWICE: Final = 0.2
"""The share of messages that come twice."""
_LATE: Final = 0.5
"""The share of messages that take up to `_LONGEST_SECONDS`, and may be overtaken."""
_LONGEST_SECONDS: Final = 0.004


class _Parcel(NamedTuple):
    """A message on its way."""

    destination: str
    headers: dict[str, str]
    body: bytes
    ack: Ack


class MemoryWireTransport:
    """Carries messages between modules of one process, each in its wire form. Keeps nothing."""

    name = "memory"
    apart = False

    def __init__(self, clock: Clock, partition_count: int, *, seed: int = 0) -> None:
        self.requests = RequestsOverDelivery(self)
        self._clock = clock
        self._partition_count = partition_count
        self._random = random.Random(seed)
        self._hosted: dict[str, HostedModule] = {}
        self._on_their_way: Counter[str] = Counter()
        """The number of messages by destination."""

    def attach(self, module: str, inbound: Inbound, partitions: OwnedPartitions) -> None:
        """Begins to hand messages to a module."""
        self._hosted[module] = HostedModule(inbound, partitions, self._partition_count)

    async def open(self, health: Health) -> None:
        """Does nothing: nothing can be away."""

    async def detach(self, module: str) -> None:
        """Drops what is on its way to a module: nobody was told that it is safe."""
        self._hosted.pop(module, None)

    async def revoke(self, module: str, partitions: frozenset[int]) -> None:
        """Does nothing: what was taken by a partition that is lost is handed over again."""

    async def finish(self) -> None:
        """Does nothing: the sender's `ack` is called by the receiver."""

    async def close(self) -> None:
        """Drops what is on its way."""
        self._hosted.clear()

    async def idle(self) -> bool:
        """Returns whether nothing is on its way to the modules attached."""
        return not any(self._on_their_way[module] for module in self._hosted)

    def routes(self, destinations: Destinations) -> list[tuple[str, Destinations]]:
        """Returns a route for each destination: none waits for another."""
        return [(each, (each,)) for each in destinations]

    def is_reachable(self, route: str) -> bool:
        """Returns whether that module or address is attached."""
        return route in self._hosted

    def deliver(self, destinations: Destinations, envelope: Envelope, ack: Ack) -> None:
        """Sends a message to the one destination of its route, once or twice."""
        (destination,) = destinations
        headers = to_headers(self.requests.addressed(envelope))
        parcel = _Parcel(destination, headers, envelope.body, ack)
        self._send(parcel)
        if self._random.random() < _TWICE:
            self._send(parcel._replace(ack=_nothing))

    def _send(self, parcel: _Parcel) -> None:
        late = self._random.random() < _LATE
        seconds = self._random.uniform(0, _LONGEST_SECONDS) if late else 0
        self._on_their_way[parcel.destination] += 1
        asyncio.get_running_loop().call_later(seconds, self._arrive, parcel)

    def _arrive(self, parcel: _Parcel) -> None:
        self._on_their_way[parcel.destination] -= 1
        hosted = self._hosted.get(parcel.destination)
        if hosted is None:
            return
        now = self._clock.now()
        try:
            envelope = from_headers(parcel.headers, parcel.body, now=now)
        except Undecodable as error:
            refused = refused_envelope(parcel.headers, parcel.body, sender="", now=now)
            hosted.refuse(refused, Failure("undecodable", describe(error)), parcel.ack)
        else:
            hosted.take(envelope, parcel.ack)


def _nothing() -> None:
    """Nobody waits for a repetition."""
