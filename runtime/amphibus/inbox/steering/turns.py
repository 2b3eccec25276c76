"""Turns of which there are so many at once; the number may change while some are taken."""

import asyncio
from typing import Literal


class Turns(asyncio.Semaphore):
    """A semaphore that can be made wider and narrower. Who has a turn keeps it."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self._most = most
        self._owed = 0
        """So many turns are taken away, by whoever gets one next."""

    def resize(self, most: int) -> None:
        """Changes how many there are at once."""
        wider, self._most = most - self._most, most
        paid = min(self._owed, max(wider, 0))
        self._owed += max(-wider, 0) - paid
        for _ in range(max(wider, 0) - paid):
            self.release()

    async def acquire(self) -> Literal[True]:
        """Waits for a turn, once all that is owed is taken away."""
        await super().acquire()
        try:
            while self._owed:
                await self._pay()
        except BaseException:
            self.release()
            raise
        return True

    async def _pay(self) -> None:
        self._owed -= 1
        try:
            await super().acquire()
        except BaseException:
            self._owed += 1
            raise
