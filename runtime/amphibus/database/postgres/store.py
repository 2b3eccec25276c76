"""A module's schema in a PostgreSQL database: any number of instances of the module."""

import asyncpg
from sqlalchemy import NullPool
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from amphibus.database.faults import Troubles
from amphibus.database.postgres.connection import PostgresConnection
from amphibus.database.postgres.readers import PostgresReader, Readers
from amphibus.database.postgres.shared_reader import Looking
from amphibus.database.schema_version import check_facts
from amphibus.database.sql import Sql
from amphibus.database.store import Migrate
from amphibus.database.tables import POSTGRESQL, SCHEMA_VERSION
from amphibus.errors import StoreAway, StoreError, StoreUnwritable
from amphibus.failpoints import failpoint

_AWAY = (OSError, asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError)


class PostgresStore:
    """A module's schema. Opened by each instance for itself."""

    def __init__(self, module: str, url: str) -> None:
        self.module = module
        parsed = make_url(url).set(drivername="postgresql+asyncpg")
        shown = parsed.set(drivername="postgresql").render_as_string(hide_password=True)
        self.where = f"{shown} (schema {module})"
        self._engine: AsyncEngine = create_async_engine(
            parsed,
            isolation_level="AUTOCOMMIT",
            poolclass=NullPool,
            connect_args={"server_settings": {"search_path": module, "application_name": module}},
        )
        self._name = f"amphibus.{module}"
        self.troubles = Troubles(module)
        self._readers = Readers(lambda: PostgresReader(self._engine, self._unusable).open())
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
        self.look = Looking(self._looking)
        await self._create_or_check()
        if migrate is not None:
            await migrate(self)

    async def close(self) -> None:
        """Closes the connections."""
        await self._readers.close()
        for connection in (self.writer, self._looking):
            await connection.close()
        await self._engine.dispose()

    async def reader(self, *, snapshot: bool = True) -> PostgresReader:
        """A read-only connection, of which there are few: waits where all are in use."""
        return await self._readers.take(snapshot=snapshot)

    async def done_reading(self, connection: PostgresReader) -> None:
        """Ends the snapshot."""
        await self._readers.give_back(connection)

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
