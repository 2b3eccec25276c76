"""The databases of the tiny business: files of SQLite, or schemas of a PostgreSQL database."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from amphibus.admin.inspection import in_file, on_server
from amphibus.admin.stores import AdminStore, SchemaStore, files
from amphibus.database.store import Store

_BUSY_SECONDS = 10.0
_NO_ROOM = """
    CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE disk_full USING MESSAGE = 'the disk is full'; END $$
"""


class Databases(Protocol):
    """One for each module, looked into and changed from outside."""

    bytes_type: ClassVar[str]
    """What statements call the type of a body."""
    durable: ClassVar[dict[str, str]]
    """What a connection must answer so that a commit is on the disk: statement, answer."""

    def query(self, module: str, statement: str, *values: Any) -> list[Any]:
        """Reads a module's database as it stands on the disk."""
        ...

    def change(self, module: str, statement: str, *values: Any) -> None:
        """Writes into a module's database, as another process would."""
        ...

    def stores(self, modules: Iterable[str], partitions: int) -> dict[str, AdminStore]:
        """The databases of modules as an operator's commands use them."""
        ...

    def lose(self, module: str) -> None:
        """Takes a module's database away, while nobody works with it."""
        ...

    def outlive(self, modules: Iterable[str]) -> None:
        """Lets time go by until nothing is kept for a process that was killed."""
        ...

    async def fill(self, store: Store) -> None:
        """Leaves no room in the database of a module that is hosted."""
        ...

    async def make_room(self, store: Store) -> None:
        """Takes that back."""
        ...


@dataclass(frozen=True)
class Files:
    """In a folder."""

    folder: Path
    bytes_type: ClassVar[str] = "BLOB"
    durable: ClassVar[dict[str, str]] = {
        "PRAGMA synchronous": "2",
        "PRAGMA journal_mode": "wal",
    }

    def query(self, module: str, statement: str, *values: Any) -> list[Any]:
        """Reads a file."""
        return in_file(self._path(module), statement, *values)

    def change(self, module: str, statement: str, *values: Any) -> None:
        """Writes into a file."""
        with closing(sqlite3.connect(self._path(module), timeout=_BUSY_SECONDS)) as raw, raw:
            raw.execute(statement, values)

    def stores(self, modules: Iterable[str], partitions: int) -> dict[str, AdminStore]:
        """The files as an operator's commands use them."""
        return files({name: self._path(name) for name in modules}, partitions)

    def lose(self, module: str) -> None:
        """Removes a file, and those that SQLite has beside it."""
        for path in self.folder.glob(f"{module}.*"):
            path.unlink()

    def outlive(self, modules: Iterable[str]) -> None:
        """A file is free as soon as its process is dead."""

    async def fill(self, store: Store) -> None:
        """Lets a file grow no more: SQLite then answers as it does on a full disk."""
        await store.writer.sql.rows("PRAGMA max_page_count = 1")

    async def make_room(self, store: Store) -> None:
        """Lets it grow."""
        await store.writer.sql.rows("PRAGMA max_page_count = 1000000")

    def _path(self, module: str) -> Path:
        return self.folder / f"{module}.db"


@dataclass(frozen=True)
class Schemas:
    """In a database on a server."""

    url: str
    bytes_type: ClassVar[str] = "BYTEA"
    durable: ClassVar[dict[str, str]] = {"SHOW synchronous_commit": "on"}

    def query(self, module: str, statement: str, *values: Any) -> list[Any]:
        """Reads a schema."""
        return on_server(self.url, module, statement, *values)

    def change(self, module: str, statement: str, *values: Any) -> None:
        """Writes into a schema."""
        on_server(self.url, module, statement, *values)

    def stores(self, modules: Iterable[str], partitions: int) -> dict[str, AdminStore]:
        """The schemas as an operator's commands use them."""
        return {name: SchemaStore(name, self.url, partitions) for name in modules}

    def lose(self, module: str) -> None:
        """Removes a schema."""
        self.change(module, f"DROP SCHEMA IF EXISTS {module} CASCADE")

    def outlive(self, modules: Iterable[str]) -> None:
        """Lets the leases of all instances run out, which takes ten seconds otherwise."""
        for module in modules:
            ((there,),) = self.query(module, "SELECT to_regclass('amphibus_instance')::text")
            if there is not None:
                self.change(module, "UPDATE amphibus_instance SET until = 0")

    async def fill(self, store: Store) -> None:
        """Has the server answer to what is noted as it does on a full disk."""
        await store.reader.run(_NO_ROOM)
        for table in ("inbox", "outbox", "delayed"):
            await store.reader.run(
                f"CREATE TRIGGER no_room BEFORE INSERT ON amphibus_{table} EXECUTE FUNCTION no_room()"
            )

    async def make_room(self, store: Store) -> None:
        """Has it answer as ever."""
        await store.reader.run("DROP FUNCTION no_room CASCADE")
