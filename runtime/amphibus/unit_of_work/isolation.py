"""Runs everything side by side, or one thing alone in the whole process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final

_LONGEST_WAIT_SECONDS: Final = 1.0


class Isolation:
    """Lets everything run side by side, or one thing alone. One for each process."""

    def __init__(self) -> None:
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._open = asyncio.Event()
        self._open.set()
        self._alone = asyncio.Lock()

    @property
    def closed(self) -> bool:
        """True if something runs alone, or waits to."""
        return not self._open.is_set()

    async def opened(self) -> None:
        """Returns when others may run again."""
        await self._open.wait()

    @contextlib.contextmanager
    def shared(self) -> Iterator[None]:
        """Around work that runs beside other work. Check `closed` first."""
        self._running += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[bool]:
        """Around work beside which nothing else may run, unless it lets others in.

        Others are waited for a moment only, so that one that hangs does not hold up the rest: yields
        whether they have ended.
        """
        async with self._alone:
            self._open.clear()
            try:  # whoever is cancelled while it waits for the others must let them in again, too
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LONGEST_WAIT_SECONDS):
                        await self._idle.wait()
                if not self._idle.is_set():
                    self.let_others_in()
                yield self.closed
            finally:
                self._open.set()

    def let_others_in(self) -> None:
        """Lets all others go on beside a long run alone, except those that must run alone too."""
        self._open.set()
