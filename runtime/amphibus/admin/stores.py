"""The databases of modules as an operator's commands use them: files, or schemas on a server."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

from amphibus.admin.database import compact_file, reading, writing
from amphibus.clock import SystemClock
from amphibus.database.facts import facts_of_schema
from amphibus.database.outbox import skip_number_in_file, skip_number_on_server
from amphibus.database.schema.steps import check_facts
from amphibus.database.sql import Sql
from amphibus.database.sqlite.sql import SqliteSql
from amphibus.errors import StoreInUse


class AdminStore(Protocol):
    """One module's database, beside whoever works with it."""

    partitions: int
    """Parts of a module's work, as the runtime counts them."""

    def reading(self) -> AbstractAsyncContextManager[Sql]:
        """Reads, all of one moment.

        Raises:
            StoreError: it is no database of a module, or cannot be read.
        """
        ...

    def writing(self) -> AbstractAsyncContextManager[Sql]:
        """A write transaction, beside which no instance commits; rolled back on any error.

        Raises:
            StoreError: it is no database of a module, or cannot be written.
        """
        ...

    async def skip_number(self, sql: Sql) -> None:
        """Leaves a number of the outbox out: its relay sees that others have put something in line."""
        ...

    async def now(self, sql: Sql) -> int:
        """Returns the time by the clock of the database, microseconds since the epoch."""
        ...

    async def compact(self) -> bool:
        """Gives up the pages that hold what was replaced or deleted; returns False if somebody still reads them."""
        ...


Stores = Mapping[str, AdminStore]
"""By module."""


class FileStore:
    """A module's SQLite file."""

    def __init__(self, path: Path, partitions: int) -> None:
        self._path = path
        self.partitions = partitions

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Sql]:
        """Reads, all of one moment."""
        with reading(self._path) as connection:
            yield SqliteSql(connection)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Sql]:
        """A write transaction; the file has one writer."""
        with writing(self._path) as connection:
            yield SqliteSql(connection)

    async def skip_number(self, sql: Sql) -> None:
        """Leaves a number of the outbox out."""
        await skip_number_in_file(sql)

    async def now(self, _sql: Sql) -> int:
        """Returns the time of this machine."""
        return SystemClock().now()

    async def compact(self) -> bool:
        """Writes the file anew, and empties its log."""
        return compact_file(self._path)


class SchemaStore:
    """A module's schema in a PostgreSQL database."""

    def __init__(self, module: str, url: str, partitions: int) -> None:
        self._module = module
        self._url = url
        self.partitions = partitions

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Sql]:
        """Reads, all of one moment."""
        async with (
            self._connected() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield await self._checked(connection)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Sql]:
        """A write transaction; every instance waits for it."""
        from amphibus.database.postgres.restoring import refuse_half_restored
        from amphibus.database.postgres.session_settings import BESIDE_OTHERS

        async with self._connected() as connection, connection.transaction():
            await connection.execute(BESIDE_OTHERS)
            await refuse_half_restored(connection, self._module, f"schema {self._module}")
            sql = await self._checked(connection)
            await self._alone(sql)
            yield sql

    async def skip_number(self, sql: Sql) -> None:
        """Leaves a number of the outbox out."""
        await skip_number_on_server(sql)

    async def now(self, sql: Sql) -> int:
        """Returns the time of the server."""
        from amphibus.database.postgres.sql import time_of_server

        return await time_of_server(sql)

    async def compact(self) -> bool:
        """Has the server reuse the old versions of rows."""
        from amphibus.admin.server import vacuum

        async with self._connected() as connection:
            await vacuum(connection, self._module)
        return True

    async def _alone(self, sql: Sql) -> None:
        from asyncpg import LockNotAvailableError

        from amphibus.database.postgres.leases import let_nobody_commit

        try:
            await let_nobody_commit(sql)
        except LockNotAvailableError as error:
            raise StoreInUse(
                f"schema {self._module} cannot be written now",
                "a handler of one of its instances has been at work for more than ten seconds",
                "try again, or stop that instance: amphibus ps",
            ) from error

    def _connected(self) -> AbstractAsyncContextManager[Any]:
        from amphibus.admin.server import connected

        return connected(self._url, search_path=self._module)

    async def _checked(self, connection: Any) -> Sql:
        from amphibus.database.postgres.sql import PostgresSql

        sql = PostgresSql(connection)
        facts = await facts_of_schema(connection, self._module)
        check_facts(facts, self._module, f"schema {self._module}")
        return sql


def files(paths: Mapping[str, Path], partitions: int) -> dict[str, AdminStore]:
    """The files of some modules."""
    return {module: FileStore(path, partitions) for module, path in paths.items()}


async def schemas(url: str, modules: Iterable[str], partitions: int) -> dict[str, AdminStore]:
    """The schemas of some modules, of those that this user may read.

    Raises:
        StoreUnwritable: the server cannot be reached, or refuses that user.
        StoreError: it may read none.
    """
    from amphibus.admin.server import readable

    found = await readable(url, list(modules))
    return {module: SchemaStore(module, url, partitions) for module in found}
