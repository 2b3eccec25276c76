"""The control store of modules whose databases are on a server: a schema beside theirs, which every role may read."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

from amphibus.database.control.revisions import (
    NOTHING,
    TABLE,
    Revision,
    add_revision,
    revisions,
)
from amphibus.database.sql import Sql

SCHEMA: Final = "amphibus_control"
_PLACE: Final = f"{SCHEMA}."
_THERE: Final = f"SELECT 1 WHERE to_regclass('{SCHEMA}.revision') IS NOT NULL"
_MAKE: Final = f"""
    SELECT pg_advisory_xact_lock(hashtext('{SCHEMA}'));
    CREATE SCHEMA IF NOT EXISTS {SCHEMA};
    {TABLE.format(_PLACE)};
    GRANT USAGE ON SCHEMA {SCHEMA} TO PUBLIC;
    GRANT SELECT ON {SCHEMA}.revision TO PUBLIC;
"""
"""It holds no secrets. Whoever makes it writes it, and no role of a module that has not made it."""


class ReadControl:
    """Reads over the connection that a module has for reading."""

    def __init__(self, sql: Callable[[], Sql]) -> None:
        self._sql = sql

    async def latest(self) -> Revision:
        """Returns the settings as they are meant to be now; none where nothing was ever set.

        Raises:
            Exception: of the driver.
        """
        sql = self._sql()
        if await sql.row(_THERE) is None:
            return NOTHING
        return next(iter(await revisions(sql, _PLACE, 1)), NOTHING)


class ServerControl:
    """Writes too, on connections of its own."""

    def __init__(self, connected: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
        self._connected = connected

    async def latest(self) -> Revision:
        """Returns the settings as they are meant to be now.

        Raises:
            StoreError: the server cannot be reached, or refuses.
        """
        return next(iter(await self.revisions(1)), NOTHING)

    async def revisions(self, limit: int) -> list[Revision]:
        """Returns the revisions, newest first."""
        async with self._opened() as sql:
            if await sql.row(_THERE) is None:
                return []
            return await revisions(sql, _PLACE, limit)

    async def make(self) -> None:
        """Makes the schema where there is none.

        Raises:
            StoreError: this role may not.
        """
        async with self._opened() as sql:
            if await sql.row(_THERE) is None:
                await sql.raw.execute(_MAKE)

    async def commit(self, wanted: Revision) -> None:
        """Adds a revision, at one stroke.

        Raises:
            Overtaken: another one follows the same; nothing was changed.
            StoreError: this role may not.
        """
        async with self._opened() as sql:
            await add_revision(sql, _PLACE, wanted)

    async def now(self) -> int:
        """Returns the time of the server."""
        from amphibus.database.postgres.sql import time_of_server

        async with self._opened() as sql:
            return await time_of_server(sql)

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Any]:
        from amphibus.database.postgres.sql import PostgresSql

        async with self._connected() as raw:
            yield PostgresSql(raw)
