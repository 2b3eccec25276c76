"""One connection over which many tasks read a PostgreSQL database, outside of transactions."""

import asyncio
from collections.abc import Sequence
from itertools import islice
from typing import Any

from amphibus.database.postgres.connection import PostgresConnection
from amphibus.database.sql import Identified, Sql
from amphibus.database.write_set import Row, WriteSet


class _Asked:
    __slots__ = ("found", "messages")

    def __init__(self, messages: Sequence[Identified]) -> None:
        self.messages = messages
        self.found: list[Row | None] | None = None


class SharedReader:
    """Reads of many tasks over one connection, one after the other."""

    def __init__(self, connection: PostgresConnection) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()
        self._asked: list[_Asked] = []

    async def run(self, statement: str, *values: Any) -> int:
        """Runs a statement; returns the number of rows that it changed."""
        async with self._turn:
            return await (await self._sql()).run(statement, *values)

    async def rows(self, statement: str, *values: Any) -> list[Row]:
        """All rows of a query."""
        async with self._turn:
            return await (await self._sql()).rows(statement, *values)

    async def row(self, statement: str, *values: Any) -> Row | None:
        """Its first row."""
        async with self._turn:
            return await (await self._sql()).row(statement, *values)

    async def has_table(self, name: str) -> bool:
        """Returns whether the module has a table of that name."""
        async with self._turn:
            return await (await self._sql()).has_table(name)

    async def size(self) -> int:
        """Returns the bytes that the module's tables take, with their indexes."""
        async with self._turn:
            return await (await self._sql()).size()

    async def many(self, statement: str, values: Sequence[Row]) -> None:
        """Runs a statement once for each row of values."""
        async with self._turn:
            await (await self._sql()).many(statement, values)

    async def prior_outcomes(self, messages: Sequence[Identified]) -> list[Row | None]:
        """Returns the prior outcomes of some messages; what is asked meanwhile is asked together."""
        mine = _Asked(messages)
        self._asked.append(mine)
        async with self._turn:
            if mine.found is None:
                together, self._asked = self._asked, []
                try:
                    await self._answer(together)
                except BaseException:
                    self._asked[:0] = [each for each in together if each is not mine]
                    raise
        assert mine.found is not None
        return mine.found

    async def _answer(self, together: Sequence[_Asked]) -> None:
        messages = [message for each in together for message in each.messages]
        found = iter(await (await self._sql()).prior_outcomes(messages))
        for each in together:
            each.found = list(islice(found, len(each.messages)))

    async def flush(self, write_set: WriteSet) -> list[int]:
        """Writes what a commit has to record."""
        async with self._turn:
            return await (await self._sql()).flush(write_set)

    async def _sql(self) -> Sql:
        if not self._connection.asked.is_usable:
            await self._connection.reopen()
        return self._connection.sql
