"""A memory transport that behaves as badly as a broker may: everything is encoded, some of it comes twice or later.

For tests: a fault that only a broker would show shows here, in one process, with a seed.
"""

import asyncio
import random

from amphibus.clock import Clock
from amphibus.messages.cloudevents import from_headers, to_headers
from amphibus.messages.envelope import Envelope, Reply
from amphibus.transport import Ack, Destinations
from amphibus.transports.memory import MemoryTransport

_LATEST_SECONDS = 0.004


class MemoryWireTransport(MemoryTransport):
    """Encodes and decodes every envelope, repeats some, and reorders those of different keys."""

    def __init__(
        self, clock: Clock, *, seed: int = 0, repeat: float = 0.2, delay: float = 0.5
    ) -> None:
        super().__init__()
        self._clock = clock
        self._random = random.Random(seed)
        self._repeat = repeat
        self._delay = delay

    def deliver(self, destinations: Destinations, envelope: Envelope, ack: Ack) -> None:
        """Delivers once or twice, now or a little later; each time what the bytes say."""
        self._hand_over(destinations, envelope, ack)
        if self._random.random() < self._repeat:
            self._hand_over(destinations, envelope, _nothing)

    async def request(self, destination: str, envelope: Envelope, timeout: float) -> Reply:  # noqa: ASYNC109
        """Asks with what the bytes say."""
        return await super().request(destination, self._through_the_wire(envelope), timeout)

    def _hand_over(self, destinations: Destinations, envelope: Envelope, ack: Ack) -> None:
        arrived = self._through_the_wire(envelope)
        if self._random.random() < self._delay:
            later = self._random.random() * _LATEST_SECONDS
            loop = asyncio.get_running_loop()
            loop.call_later(later, MemoryTransport.deliver, self, destinations, arrived, ack)
        else:
            super().deliver(destinations, arrived, ack)

    def _through_the_wire(self, envelope: Envelope) -> Envelope:
        return from_headers(to_headers(envelope), bytes(envelope.body), now=self._clock.now())


def _nothing() -> None:
    """Nobody waits for a repetition."""
