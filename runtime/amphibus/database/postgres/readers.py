"""Connections that answer queries: few, kept, read-only, and no busier than a query needs.

One statement sees one state of the database by itself. Only a query of several needs a transaction
around them to see the same in each, which is two more questions to the server.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from sqlalchemy import event

from amphibus.database.postgres.bounded import ANSWER_SECONDS
from amphibus.database.postgres.connection import PostgresConnection
from amphibus.errors import StoreAway

_MOST: Final = 8
_BEGIN: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class SecondStatement(Exception):
    """A second statement was read without a snapshot: the query needs a transaction."""


class PostgresReader(PostgresConnection):
    """One of them."""

    _left: int | None = None
    """How many statements may still be run; None if any number may."""

    async def open(self) -> "PostgresReader":
        """Connects; what is read without a transaction is read-only, too."""
        await super().open()
        await self.asked.execute("SET default_transaction_read_only = on")
        event.listen(self.bound.sync_connection, "before_cursor_execute", self._count)
        return self

    async def look(self, *, snapshot: bool) -> None:
        """Begins to read: one state of the database, or one statement."""
        self.overrun, self._left = False, None if snapshot else 1
        if snapshot:
            await self.begin(_BEGIN)
            return
        if not self.asked.is_usable:
            await self.reopen()
        self._guard.begin(armed=True)

    async def done(self) -> None:
        """Ends it."""
        if self.open_on_server or not self.session.sync_session.is_active:
            await self.roll_back()
        else:
            self.session.sync_session.expunge_all()

    def executing(self, statement: str) -> None:
        """A statement is about to run that SQLAlchemy does not see: it counts as others do."""
        super().executing(statement)
        self._count()

    def _count(self, *_: Any) -> None:
        if self._left is None:
            return
        if not self._left:
            self.overrun = True
            raise SecondStatement
        self._left -= 1


class Readers:
    """All of them. Lives as long as its store is open."""

    def __init__(self, connect: Callable[[], Awaitable[PostgresReader]]) -> None:
        self._connect = connect
        self._idle: list[PostgresReader] = []
        self._used: set[PostgresReader] = set()
        self._free = asyncio.Semaphore(_MOST)

    async def take(self, *, snapshot: bool) -> PostgresReader:
        """One that nobody uses; waits where all are in use.

        Raises:
            StoreAway: they are in use for too long, or the server does not answer.
        """
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._free.acquire()
        except TimeoutError as error:
            raise StoreAway(
                "the database's connections for queries are all in use",
                f"none came free within {ANSWER_SECONDS:g} s, and {_MOST} queries run",
                "look for queries that take long",
            ) from error
        try:
            reader = self._idle.pop() if self._idle else await self._connect()
        except BaseException:
            self._free.release()
            raise
        self._used.add(reader)
        try:
            await reader.look(snapshot=snapshot)
        except BaseException:
            self._put_back(reader)
            raise
        return reader

    async def give_back(self, reader: PostgresReader) -> None:
        """Takes a connection back that is used no more."""
        try:
            await reader.done()
        finally:
            self._put_back(reader)

    def _put_back(self, reader: PostgresReader) -> None:
        """Keeps a connection, be it lost: the next one who takes it opens it anew."""
        if reader in self._used:
            self._used.discard(reader)
            self._idle.append(reader)
        self._free.release()

    async def close(self) -> None:
        """Closes them all; what still reads on one fails."""
        readers = (*self._idle, *self._used)
        self._idle.clear()
        self._used.clear()
        await asyncio.gather(*(reader.close() for reader in readers))
