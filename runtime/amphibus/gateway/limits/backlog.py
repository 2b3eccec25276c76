"""The backlog: what was accepted and has not left. A broker that is stuck must not fill the disk."""

from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

from amphibus.gateway.problems import BUSY, Problem

_COUNT_SECONDS: Final = 1.0
_LATER: Final = ((b"retry-after", b"5"),)


class Backlog:
    """Knows how many messages wait at most: those of the last count, and all that came since.

    Args:
        count: counts those that wait, up to a number.
        now: the time in seconds.
    """

    def __init__(
        self, count: Callable[[int], Awaitable[int]], now: Callable[[], float] = monotonic
    ) -> None:
        self._count = count
        self._now = now
        self._at_most = 0
        self._counted = 0.0

    async def another(self, most: int) -> None:
        """Lets one more in.

        Raises:
            Problem: so many wait already.
        """
        if most and self._at_most >= most and self._now() - self._counted >= _COUNT_SECONDS:
            self._counted = self._now()
            self._at_most = await self._count(most)
        if most and self._at_most >= most:
            raise Problem(
                BUSY, "too much waits to be done already; it was not accepted", headers=_LATER
            )
        self._at_most += 1
