"""A module's SQLite file: one writer, a few readers, held by one process."""

import contextlib
import fcntl
import os
import shlex
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from amphibus.database.facts import facts_of_file, note_facts_of_file
from amphibus.database.faults import StoreHealth, is_locked
from amphibus.database.schema.steps import (
    SCHEMA_VERSION,
    check_owner,
    statements_for_sqlite,
    version_of,
)
from amphibus.database.sql import Sql
from amphibus.database.sqlite.connection import SqliteConnection, connect_to
from amphibus.database.sqlite.files import (
    damaged,
    full_disk,
    is_damaged,
    refuse_others_database,
)
from amphibus.database.sqlite.restoring import refuse_half_restored
from amphibus.database.store import Migrate
from amphibus.errors import StoreAway, StoreInUse, StoreUnwritable
from amphibus.failpoints import failpoint

_READERS = 4


class SqliteStore:
    """A module's database file: one writer, a few readers, held by one process.

    Lives as long as its module is hosted; `close` it.
    """

    def __init__(self, module: str, folder: Path) -> None:
        self.module = module
        self.path = folder / f"{module}.db"
        self.where = str(self.path)
        self.health = StoreHealth(module)
        self._lock: int | None = None
        self.writer: SqliteConnection
        self.reader: Sql
        """Sees what is committed, outside every transaction."""
        self._open: list[SqliteConnection] = []
        self._readers: list[SqliteConnection] = []

    async def open(self, migrate: Migrate | None = None, *, upgrade: bool = True) -> None:  # noqa: ARG002
        """Takes the file for this process, creates or upgrades its tables: nobody else works on it.

        Raises:
            StoreInUse: another process has it.
            StoreUnwritable: its folder or file cannot be written.
            StoreAway: another program keeps it locked, or its disk is full.
            StoreError: what is there is no database of a module, or a restore was broken off in its folder.
            NewerStore: a newer version wrote it.
        """
        refuse_half_restored(self.path.parent)
        refuse_others_database(self.path)
        self._take()
        async with self._or_closed():
            refuse_half_restored(self.path.parent)  # a restore has held the lock until now
            self.writer = await self._connect(writer=True)
            self._create_tables()
            self._shared_reader = await self._connect(writer=False)
            self.reader = self._shared_reader.sql
        if migrate is not None:
            await self.migrate(migrate)

    async def migrate(self, migrate: Migrate) -> None:
        """Brings the module's own tables up to date; an error closes the file."""
        async with self._or_closed():
            await migrate(self)

    @asynccontextmanager
    async def _or_closed(self) -> AsyncIterator[None]:
        """Closes the file on an error, and says what is wrong with it."""
        try:
            yield
        except sqlite3.OperationalError as error:
            await self.close()
            if is_locked(error):
                raise StoreAway(
                    f"{self.path} is locked by another program",
                    str(error),
                    "end what writes it: a shell, a backup, a long migration",
                ) from error
            if full := full_disk(self.path, error):
                raise full from error
            raise StoreUnwritable(
                f"{self.path} cannot be used",
                str(error),
                f"ls -l {shlex.quote(str(self.path.parent))}",
            ) from error
        except sqlite3.DatabaseError as error:
            await self.close()
            raise (damaged(self.path, error) if is_damaged(error) else error) from error.__cause__
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Closes the connections and gives the file back."""
        for connection in self._open:
            await connection.close()
        self._open.clear()
        self._readers.clear()
        self._release()

    async def take_reader(self, *, snapshot: bool = True) -> SqliteConnection:  # noqa: ARG002 - it costs nothing here
        """A read-only connection with a snapshot of its own; hand it back with `give_back_reader`."""
        connection = self._readers.pop() if self._readers else await self._connect(writer=False)
        connection.raw.guard.begin(armed=True)
        connection.raw.execute("BEGIN")
        return connection

    async def give_back_reader(self, connection: SqliteConnection) -> None:
        """Ends the snapshot."""
        if connection.session.sync_session.is_active:
            connection.session.sync_session.expunge_all()
        else:  # a flush failed, and the session would do nothing for anybody any more
            await connection.roll_back()
        if connection.raw.in_transaction:
            connection.raw.execute("COMMIT")
        if len(self._readers) < _READERS:
            self._readers.append(connection)
        else:
            self._open.remove(connection)
            await connection.close()

    async def _connect(self, *, writer: bool) -> SqliteConnection:
        connection = await connect_to(self.path, writer=writer)
        self._open.append(connection)
        return connection

    async def renew_writer(self) -> None:
        """Gives up the writer's connection for a new one; what it had begun is rolled back."""
        self._open.remove(self.writer)
        with contextlib.suppress(Exception):
            await self.writer.close()
        self.writer = await self._connect(writer=True)

    async def begin_alone(self) -> None:
        """Begins to write; the file has one writer anyway."""
        await self.writer.begin(armed=False)

    def _take(self) -> None:
        try:
            self._lock_file()
        except OSError as error:
            self._release()
            if full := full_disk(self.path, error):
                raise full from error
            raise StoreUnwritable(
                f"{self.path.parent} cannot be written",
                f"{error.strerror}: {error.filename}; --data-dir names another folder",
                f"ls -ld {shlex.quote(str(self.path.parent))}",
            ) from error

    def _lock_file(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(
            self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        if not self.path.exists():  # what SQLite makes beside it gets the same rights
            os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._lock, 32, 0).decode() or "unknown"
            self._release()
            raise StoreInUse(
                f"module {self.module} is hosted already, by process {holder}",
                f"a SQLite database serves one instance of a module: {self.path}; "
                "--data-dir names another folder",
                f"kill {holder}" if holder.isdecimal() else f"ls -l {self.path.parent}",
            ) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, str(os.getpid()).encode(), 0)

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _create_tables(self) -> None:
        raw = self.writer.raw
        raw.execute("BEGIN IMMEDIATE")
        try:
            self._create_or_upgrade(raw)
        except BaseException:
            raw.execute("ROLLBACK")
            raise
        raw.execute("COMMIT")

    def _create_or_upgrade(self, raw: sqlite3.Connection) -> None:
        facts = facts_of_file(raw)
        if facts:
            check_owner(facts, self.module, self.where)
        version = version_of(facts)
        if version == SCHEMA_VERSION:
            return
        failpoint("migrate.before")
        for statement in statements_for_sqlite(version):
            raw.execute(statement)
        facts = {"module": self.module, "transport": "memory"} | facts
        note_facts_of_file(raw, facts | {"schema_version": str(SCHEMA_VERSION)})
        failpoint("migrate.after")
