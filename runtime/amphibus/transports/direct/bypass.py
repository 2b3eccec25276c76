"""The way of kept messages past the broker: who takes it now, and when the broker has been away for long enough."""

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

from amphibus.messages.envelope import Envelope
from amphibus.telemetry.health import Health
from amphibus.transport import Ack
from amphibus.transports.direct.below import Below
from amphibus.transports.direct.deliveries import Deliveries, OnReply
from amphibus.transports.direct.peers import Peers

_NAME: Final = "messages"


class BrokerWatch:
    """Tells whether the broker has been away, or there again, for long enough (hysteresis)."""

    def __init__(
        self, works: Callable[[], bool], *, fallback_after: float, return_after: float
    ) -> None:
        self._works = works
        self._fallback_after = fallback_after
        self._return_after = return_after
        self._there = True
        self._since = time.monotonic()
        self.away = False
        """True from when it has been away for long enough until it has been there again for so long."""
        self.away_since = ""

    def look(self) -> bool:
        """Looks at the broker; returns whether `away` has changed."""
        there, now = self._works(), time.monotonic()
        if there is not self._there:
            self._there, self._since = there, now
            if not there and not self.away:
                self.away_since = datetime.now(UTC).isoformat(timespec="seconds")
        patience = self._return_after if there else self._fallback_after
        if there is not self.away or now - self._since < patience:
            return False
        self.away = not there
        return True


class DirectBypass:
    """Keeps the promise of `Bypass`. One a process."""

    def __init__(
        self,
        below: Below,
        watch: BrokerWatch,
        peers: Peers,
        *,
        partitions: int,
        on_reply: OnReply,
    ) -> None:
        self._below = below
        self._watch = watch
        self._peers = peers
        self._partitions = partitions
        self._on_reply = on_reply
        self._led: dict[str, dict[str, Deliveries]] = {}
        self.health = Health()
        self.on_change: list[Callable[[], None]] = []

    @property
    def wanted(self) -> bool:
        """Returns whether messages should go past the broker now."""
        return self._watch.away

    @property
    def away_since(self) -> str:
        """Returns when the broker went away the last time, as it was noticed."""
        return self._watch.away_since

    @property
    def idle(self) -> bool:
        """True if nothing is under way directly."""
        return all(each.idle for some in self._led.values() for each in some.values())

    def look(self) -> None:
        """Looks at the broker, and tells the senders of a change."""
        if self._watch.look():
            for tell in self.on_change:
                tell()

    def stands_still(self, source: str) -> bool:
        """Returns whether the broker is away and nothing of a sender goes directly yet."""
        return not self._below.works and source not in self._led

    async def reaches(self, source: str, destination: str) -> bool:
        """Returns whether a process can be reached that takes messages of one module to another."""
        for peer in self._peers.of(source, destination):
            if await peer.takes_messages():
                return True
        return False

    def recall(self, source: str) -> None:
        """Gives up all that was handed over for a sender and is not acknowledged, on both ways."""
        self._below.recall(source)
        for deliveries in self._led.get(source, {}).values():
            deliveries.recall()

    def lead(self, source: str, destinations: Iterable[str]) -> None:
        """Takes messages of a sender directly to these destinations from now on, and to no others."""
        led = self._led.pop(source, {})
        now = {each: led.get(each) or self._deliveries(source, each) for each in destinations}
        if now:
            self._led[source] = now
        why = f"broker away since {self.away_since}; messages go directly" if self._led else ""
        self.health.degrade(_NAME, why)
        self._below.pass_by(bool(self._led))

    def leads_to(self, destination: str) -> bool:
        """Returns whether a sender's messages go there directly."""
        return any(destination in some for some in self._led.values())

    def deliver(self, destination: str, envelope: Envelope, ack: Ack) -> bool:
        """Takes a message if it goes directly; returns whether it does."""
        if not self._led or (led := self._led.get(envelope.source)) is None:
            return False
        deliveries = led.get(destination)
        if deliveries is None:
            return False
        deliveries.put(envelope, ack)
        return True

    def close(self) -> None:
        """Hands nothing more over."""
        for some in self._led.values():
            for each in some.values():
                each.recall()

    def _deliveries(self, source: str, destination: str) -> Deliveries:
        return Deliveries(
            self._peers,
            source,
            destination,
            partitions=self._partitions,
            on_reply=self._on_reply,
        )
