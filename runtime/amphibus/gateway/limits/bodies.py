"""Large bodies: how many bytes of them are in memory, and how many of them are decoded at a time."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from amphibus.gateway.problems import BUSY, Problem

T = TypeVar("T")
_SOON: Final = ((b"retry-after", b"1"), (b"connection", b"close"))


class LargeBodies:
    """Lives as long as its gateway.

    Args:
        most: the bytes that may be in memory at a time, asked each time.
    """

    def __init__(self, most: Callable[[], int]) -> None:
        self._most = most
        self._turn = asyncio.Lock()
        self.taken = 0

    @contextmanager
    def room(self, size: int) -> Iterator[None]:
        """Keeps room for a body until its work is done; one alone always has it.

        Raises:
            Problem: there is none.
        """
        if self.taken and self.taken + size > self._most():
            raise Problem(BUSY, "too many large bodies come at a time; try again", headers=_SOON)
        self.taken += size
        try:
            yield
        finally:
            self.taken -= size

    async def read(self, reading: Callable[[], T]) -> T:
        """Reads one body in a thread, so that the loop goes on. Two at a time would only hold it up for longer."""
        async with self._turn:
            return await asyncio.to_thread(reading)
