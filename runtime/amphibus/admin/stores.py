"""The databases of modules as an operator's commands use them: files, or schemas on a server."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from amphibus.admin.database import reading, writing
from amphibus.database.schema.steps import check_facts
from amphibus.database.sql import Sql
from amphibus.database.sqlite.sql import SqliteSql

_LET_NOBODY_COMMIT: Final = (
    "UPDATE amphibus_instance SET id = id || '+'",
    "UPDATE amphibus_instance SET id = left(id, -1)",
)
"""Waits for the transactions of all instances, and makes those rerun that have looked already.

Each holds its instance's key. That is what a file's one writer is, so that a repair needs no more care
on a server than in a file.
"""


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
        await sql.run("UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'amphibus_outbox'")


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
        async with self._connected() as connection, connection.transaction():
            sql = await self._checked(connection)
            for statement in _LET_NOBODY_COMMIT:
                await sql.run(statement)
            yield sql

    async def skip_number(self, sql: Sql) -> None:
        """Leaves a number of the outbox out."""
        await sql.row("SELECT nextval(pg_get_serial_sequence('amphibus_outbox', 'seq'))")

    def _connected(self) -> AbstractAsyncContextManager[Any]:
        from amphibus.admin.server import connected

        return connected(self._url, search_path=self._module)

    async def _checked(self, connection: Any) -> Sql:
        from amphibus.database.postgres.sql import PostgresSql

        sql = PostgresSql(connection)
        facts = dict(await connection.fetch("SELECT name, value FROM amphibus_meta"))
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


async def insert(sql: Sql, table: str, row: Mapping[str, Any]) -> None:
    """Inserts a row by column names."""
    marks = ", ".join("?" * len(row))
    await sql.run(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", *row.values())
