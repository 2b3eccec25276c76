"""Watches a broker from outside, and tells when it has been away, or there again, for long enough (hysteresis)."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from amphibus.transports.rabbitmq.probe import ProbeResult, knock

_LOOK_SECONDS: Final = 1.0
_LONGEST_RETURN_SECONDS: Final = 3_600.0
_LONGEST_FALLBACK_SECONDS: Final = 300.0


class BrokerWatch:
    """Knocks at the addresses of one broker, one of which has to let us in. Remembers between two waits."""

    def __init__(self, urls: Sequence[str], *, fallback_after: float, return_after: float) -> None:
        self._urls = urls
        self._fallback_after = fallback_after
        self._return_after = return_after
        self._there = True
        self._since = time.monotonic()
        self._refused = False
        self.away_since = datetime.now(UTC)
        """When it let us in the last time."""

    @property
    def there(self) -> bool:
        """Returns whether it let us in at the last look."""
        return self._there

    @property
    def what(self) -> str:
        """Returns the state of the broker in words."""
        if self._there:
            return "is there again"
        return "refuses this user" if self._refused else "is away"

    def hold_back(self) -> None:
        """Makes the way back twice as long, since the services did not start though the broker was there."""
        self._return_after = min(self._return_after * 2, _LONGEST_RETURN_SECONDS)
        self._since = time.monotonic()

    def hold_on(self) -> None:
        """Makes the way to one process twice as long, since that did not start though the broker was away."""
        self._fallback_after = min(max(1.0, self._fallback_after) * 2, _LONGEST_FALLBACK_SECONDS)
        self._since = time.monotonic()

    async def until_away(self) -> None:
        """Returns once no address has let us in for `fallback_after` seconds."""
        while self._there or self._lasts() < self._fallback_after:
            await self.look()

    async def until_back(self) -> None:
        """Returns once one has let us in at every look for `return_after` seconds."""
        while not self._there or self._lasts() < self._return_after:
            await self.look()

    async def look(self) -> None:
        """Knocks once; returns a second after it began to."""
        began = time.monotonic()
        answers: list[ProbeResult] = await asyncio.gather(*(knock(url) for url in self._urls))
        there, self._refused = "lets in" in answers, "refuses" in answers
        if there is not self._there:
            self._there, self._since = there, began
        if there:
            self.away_since = datetime.now(UTC)
        await asyncio.sleep(max(0.0, began + _LOOK_SECONDS - time.monotonic()))

    def _lasts(self) -> float:
        return time.monotonic() - self._since
