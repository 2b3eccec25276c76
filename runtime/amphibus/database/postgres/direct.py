"""The statements of repositories on PostgreSQL: asyncpg is called at once, with the guard of transactions before it."""

from collections.abc import Callable, Sequence
from typing import Any

import asyncpg
from sqlalchemy import Dialect
from sqlalchemy.exc import DBAPIError, IntegrityError


class PostgresDirect:
    """One connection. A statement ends with the handler that waits for it, as those of its session do."""

    def __init__(self, raw: Any, dialect: Dialect, executing: Callable[[str], None]) -> None:
        self.dialect = dialect
        self._raw = raw
        self._executing = executing

    async def rows(self, statement: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """All rows of a query."""
        self._executing(statement)
        try:
            found: list[Any] = await self._raw.fetch(statement, *values)
        except asyncpg.PostgresError as error:
            raise _told(statement, error) from error
        return found

    async def run(self, statement: str, values: Sequence[Any]) -> int:
        """Runs a statement; returns the number of rows that it changed."""
        self._executing(statement)
        try:
            said: str = await self._raw.execute(statement, *values)
        except asyncpg.PostgresError as error:
            raise _told(statement, error) from error
        count = said.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def many(self, statement: str, values: Sequence[Sequence[Any]]) -> None:
        """Runs a statement once for each row of values, in one round trip."""
        self._executing(statement)
        try:
            await self._raw.executemany(statement, values)
        except asyncpg.PostgresError as error:
            raise _told(statement, error) from error

    async def column_types(self, statement: str) -> Sequence[Any]:
        """The object ids of the types, which SQLAlchemy's numbers ask for."""
        try:
            prepared = await self._raw.prepare(statement)
        except asyncpg.PostgresError as error:
            raise _told(statement, error) from error
        return [each.type.oid for each in prepared.get_attributes()]


def _told(statement: str, error: Exception) -> Exception:
    """The error as SQLAlchemy tells it, without the values, which may be a person's."""
    broken = isinstance(error, asyncpg.IntegrityConstraintViolationError)
    kind = IntegrityError if broken else DBAPIError
    return kind(statement, None, error, hide_parameters=True)
