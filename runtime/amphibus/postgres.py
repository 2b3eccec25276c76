"""A module's schema in a PostgreSQL database: any number of instances of the module."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import asyncpg
from sqlalchemy import NullPool
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from amphibus.database import Migrate
from amphibus.errors import StoreAway, StoreError, StoreUnwritable
from amphibus.failpoints import failpoint
from amphibus.postgres_sql import PostgresSql
from amphibus.records import Records, Row
from amphibus.schema_version import check_facts
from amphibus.sessions import session_on
from amphibus.sql import Sql
from amphibus.store_trouble import Troubles
from amphibus.tables import POSTGRESQL, SCHEMA_VERSION

_READERS = 8
_AWAY = (OSError, asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError)
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ; SAVEPOINT unit"
"""Of two transactions that change one row, the later is rolled back and rerun: no update is lost."""


class PostgresConnection:
    """One connection, made anew when the server went away.

    SQLAlchemy is told to leave transactions alone; the runtime begins and ends them.
    """

    bound: AsyncConnection
    raw: Any
    sql: Sql
    session: AsyncSession
    undoes = False
    slice_seconds = 0.040

    def __init__(self, engine: AsyncEngine, unusable: Callable[[Exception], StoreError]) -> None:
        self._engine = engine
        self._unusable = unusable

    async def open(self) -> "PostgresConnection":
        """Connects.

        Raises:
            StoreAway: the server does not answer.
            StoreUnwritable: it refuses this role, or has no such database.
        """
        try:
            self.bound = await self._engine.connect()
            self.raw = (await self.bound.get_raw_connection()).driver_connection
        except (OSError, asyncpg.PostgresError, DBAPIError) as error:
            raise self._unusable(error) from error
        self.sql = PostgresSql(self.raw)
        self.session = session_on(self.bound, AsyncSession)
        return self

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return not self.raw.is_closed() and bool(self.raw.is_in_transaction())

    async def begin(self, how: str = _BEGIN) -> None:
        """Begins, on a new connection if the old one is lost."""
        if self.raw.is_closed():
            await self.close()
            await self.open()
        await self.raw.execute(how)

    async def savepoint(self) -> None:
        """Where `undo` goes back to: where the transaction began."""

    async def undo(self) -> None:
        """Takes back what was done since the savepoint, and goes on."""
        await self.raw.execute("ROLLBACK TO SAVEPOINT unit")

    async def commit(self) -> None:
        """Makes it durable.

        Raises:
            StoreError: the transaction had failed before; PostgreSQL rolled it back.
        """
        if await self.raw.execute("COMMIT") != "COMMIT":
            raise StoreError("the transaction was rolled back", "a statement in it had failed", "")

    async def roll_back(self) -> None:
        """Undoes it, whatever state it is in. The session is a new one afterwards."""
        if self.in_transaction:
            with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self.raw.execute("ROLLBACK")
        self.session.sync_session.expunge_all()
        self.session = session_on(self.bound, AsyncSession)

    async def close(self) -> None:
        """Gives the connection up."""
        self.session.sync_session.expunge_all()
        with contextlib.suppress(Exception):
            if self.raw.is_closed():
                await self.bound.invalidate()
            await self.bound.close()


class _Looking:
    """Reads of many tasks over one connection, one after the other."""

    def __init__(self, connection: PostgresConnection) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()

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

    async def many(self, statement: str, values: Sequence[Row]) -> None:
        """Runs a statement once for each row of values."""
        async with self._turn:
            await (await self._sql()).many(statement, values)

    async def pasts(self, messages: Sequence[tuple[str, str, str]]) -> list[Row | None]:
        """What stands against running each of some messages."""
        async with self._turn:
            return await (await self._sql()).pasts(messages)

    async def keep(self, records: Records) -> list[int]:
        """Writes what a commit has to record."""
        async with self._turn:
            return await (await self._sql()).keep(records)

    async def _sql(self) -> Sql:
        if self._connection.raw.is_closed():
            await self._connection.close()
            await self._connection.open()
        return self._connection.sql


class PostgresStore:
    """A module's schema. Opened by each instance for itself."""

    def __init__(self, module: str, url: str) -> None:
        self.module = module
        parsed = make_url(url).set(drivername="postgresql+asyncpg")
        self.where = f"{parsed.render_as_string(hide_password=True)} (schema {module})"
        self._engine: AsyncEngine = create_async_engine(
            parsed,
            isolation_level="AUTOCOMMIT",
            poolclass=NullPool,
            connect_args={"server_settings": {"search_path": module, "application_name": module}},
        )
        self._name = f"amphibus.{module}"
        self.troubles = Troubles(module)
        self._readers: list[PostgresConnection] = []
        self._free_readers = asyncio.Semaphore(_READERS)
        self.writer: PostgresConnection
        self.look: Sql

    async def open(self, migrate: Migrate | None = None) -> None:
        """Connects, creates or upgrades the tables.

        Raises:
            StoreAway: the server does not answer.
            StoreUnwritable: it refuses this role, or has no such database.
            NewerStore: a newer version wrote it.
        """
        self.writer = await self.connect()
        self._looking = await self.connect()
        self.look = _Looking(self._looking)
        await self._create_or_check()
        if migrate is not None:
            await migrate(self)

    async def close(self) -> None:
        """Closes the connections."""
        for connection in [self.writer, self._looking, *self._readers]:
            await connection.close()
        self._readers.clear()
        await self._engine.dispose()

    async def reader(self) -> PostgresConnection:
        """A read-only connection with a snapshot of its own; waits for one where all are in use."""
        await self._free_readers.acquire()
        try:
            connection = self._readers.pop() if self._readers else await self.connect()
            await connection.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        except BaseException:
            self._free_readers.release()
            raise
        return connection

    async def done_reading(self, connection: Any) -> None:
        """Ends the snapshot."""
        try:
            await connection.roll_back()
        finally:
            self._readers.append(connection)
            self._free_readers.release()

    async def begin_alone(self) -> None:
        """Begins to write, once no other instance of the module is between here and its commit."""
        # Not a snapshot: it would be taken before the wait, and not show what the other has done.
        await self.writer.begin("BEGIN ISOLATION LEVEL READ COMMITTED")
        await self._only_one()

    async def has_table(self, name: str) -> bool:
        """Whether the module has a table of that name."""
        found = await self.look.row("SELECT to_regclass(?)", f'"{self.module}"."{name}"')
        return found is not None and found[0] is not None

    async def connect(self) -> PostgresConnection:
        """Another connection; close it."""
        return await PostgresConnection(self._engine, self._unusable).open()

    def _unusable(self, error: Exception) -> StoreError:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, (OSError, asyncpg.PostgresError)):
            cause = getattr(cause, "orig", None) or cause.__cause__  # SQLAlchemy wraps it twice
        why = f"{type(cause or error).__name__}: {cause or error}"
        if isinstance(cause, _AWAY):
            return StoreAway(f"{self.where} does not answer", why, "start it")
        return StoreUnwritable(
            f"{self.where} cannot be used",
            why,
            "correct --db or AMPHIBUS_DB_URL; amphibus db create makes schema and role",
        )

    async def _only_one(self) -> None:
        await self.writer.sql.run("SELECT pg_advisory_xact_lock(hashtext(?))", self._name)

    async def _create_or_check(self) -> None:
        raw = self.writer.raw
        async with raw.transaction():
            # Two instances that start together create the tables once.
            await self._only_one()
            # Only where it is missing: even to ask for one that exists needs a right to make others.
            if not await raw.fetchval("SELECT to_regnamespace($1)", f'"{self.module}"'):
                await raw.execute(f'CREATE SCHEMA IF NOT EXISTS "{self.module}"')
            if not await self.has_table("amphibus_meta"):
                failpoint("migrate.before")
                for statement in POSTGRESQL:
                    await raw.execute(statement)
                facts = [("schema_version", str(SCHEMA_VERSION)), ("module", self.module)]
                await raw.executemany("INSERT INTO amphibus_meta VALUES ($1, $2)", facts)
                failpoint("migrate.after")
            rows = await raw.fetch("SELECT name, value FROM amphibus_meta")
        check_facts(dict(rows), self.module, self.where)
