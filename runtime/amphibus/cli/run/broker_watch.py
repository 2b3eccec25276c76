"""Watches a broker from outside, and tells when it has been away, or there again, for long enough (hysteresis)."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from amphibus.transports.rabbitmq.probe import knock

_LOOK_SECONDS: Final = 1.0


class BrokerWatch:
    """Knocks at the addresses of one broker, one of which has to let us in."""

    def __init__(self, urls: Sequence[str], *, fallback_after: float, return_after: float) -> None:
        self._urls = urls
        self._fallback_after = fallback_after
        self._return_after = return_after

    async def until_away(self) -> None:
        """Returns once no address has let us in for `fallback_after` seconds."""
        await self._until(there=False, seconds=self._fallback_after)

    async def until_back(self) -> None:
        """Returns once one has let us in at every look for `return_after` seconds."""
        await self._until(there=True, seconds=self._return_after)

    async def _until(self, *, there: bool, seconds: float) -> None:
        since = time.monotonic()
        while True:
            began = time.monotonic()
            if await self._lets_in() is not there:
                since = time.monotonic()
            elif time.monotonic() - since >= seconds:
                return
            await asyncio.sleep(max(0.0, began + _LOOK_SECONDS - time.monotonic()))

    async def _lets_in(self) -> bool:
        return "lets in" in await asyncio.gather(*(knock(url) for url in self._urls))
