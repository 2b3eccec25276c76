"""asyncpg's connection with an end to every wait: a server that does not answer in time is given up."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import asyncpg

from amphibus.errors import StoreAway

T = TypeVar("T")
ANSWER_SECONDS: Final = 10.0
"""How long one statement of the runtime may take."""
FAREWELL_SECONDS: Final = 1.0
"""How long the last statements of a connection may take, and its closing."""


class Suspicion:
    """The finding of one connection of an instance about the way to its server: the others may be lost as well."""

    def __init__(self) -> None:
        self.since = float("-inf")
        """When an answer was overdue the last time: what was opened before is not to be used again."""
        self.on_raised: Callable[[], None] = lambda: None

    def raise_now(self) -> None:
        """An answer is overdue."""
        self.since = time.monotonic()
        self.on_raised()


class BoundedConnection:
    """Runs the runtime's statements; those of handlers end with their handler.

    A statement that is cancelled leaves the connection waiting for the answer to its cancellation, which a server
    that was lost never gives. So a connection whose answer is overdue is cut off, and its user opens another.
    """

    def __init__(
        self, raw: Any, *, seconds: float = ANSWER_SECONDS, suspicion: Suspicion | None = None
    ) -> None:
        self._raw = raw
        self._suspicion = suspicion or Suspicion()
        self._opened = time.monotonic()
        self._seconds = seconds

    @property
    def is_usable(self) -> bool:
        """True unless it is closed, or was opened before the server was seen not to answer."""
        return not self._raw.is_closed() and self._opened > self._suspicion.since

    async def execute(self, statement: str, *values: Any) -> str:
        """Runs a statement; returns what the server says of it."""
        return await self.answered(self._raw.execute(statement, *values))

    async def fetch(self, statement: str, *values: Any) -> list[Any]:
        """All rows of a query."""
        return await self.answered(self._raw.fetch(statement, *values))

    async def fetchrow(self, statement: str, *values: Any) -> Any:
        """Its first row."""
        return await self.answered(self._raw.fetchrow(statement, *values))

    async def executemany(self, statement: str, values: Sequence[Any]) -> None:
        """Runs a statement once for each row of values."""
        await self.answered(self._raw.executemany(statement, values))

    async def fetchmany(self, statement: str, values: Sequence[Any]) -> list[Any]:
        """Runs a statement once for each row of values; returns the rows of all."""
        return await self.answered(self._raw.fetchmany(statement, values))

    async def answered(self, asked: Awaitable[T], within: float | None = None) -> T:
        """Waits for what was asked.

        Raises:
            StoreAway: the answer did not come in time; the connection is ended.
        """
        seconds = self._seconds if within is None else within
        try:
            async with asyncio.timeout(seconds):
                return await asked
        except TimeoutError as error:
            self._raw.terminate()
            self._suspicion.raise_now()
            raise StoreAway(
                "the database server does not answer",
                f"a statement took longer than {seconds:g} s; its connection was given up",
                "look at the server, and at the network between",
            ) from error


@asynccontextmanager
async def cut_off_after(raw: Any, seconds: float) -> AsyncIterator[None]:
    """Gives several statements a time, transactions among them, and ends their connection when it is over.

    To cancel them is not enough: the driver waits then for the answer to its cancellation, and for its rollback.

    Raises:
        TimeoutError: the time was over.
    """
    loop = asyncio.get_running_loop()
    cut, end = loop.call_later(seconds, raw.terminate), loop.time() + seconds
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        if loop.time() >= end and raw.is_closed():
            raise TimeoutError(f"no answer within {seconds:g} s") from error
        raise
    finally:
        cut.cancel()
