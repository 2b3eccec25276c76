"""A module's schema in a PostgreSQL database: any number of instances of the module."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Final

import asyncpg
from sqlalchemy import NullPool
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from amphibus.database.facts import facts_of_schema, note_facts_of_schema
from amphibus.database.faults import StoreHealth
from amphibus.database.postgres.bounded import ANSWER_SECONDS, Suspicion, cut_off_after
from amphibus.database.postgres.connection import PostgresConnection
from amphibus.database.postgres.leases import count_alive
from amphibus.database.postgres.readers import PostgresReader, Readers
from amphibus.database.postgres.restoring import refuse_half_restored
from amphibus.database.postgres.session_settings import ALONE, SessionSettings
from amphibus.database.postgres.shared_reader import SharedReader
from amphibus.database.schema.steps import (
    SCHEMA_VERSION,
    check_facts,
    check_owner,
    statements_for_postgresql,
    version_of,
)
from amphibus.database.sql import Sql
from amphibus.database.store import Migrate
from amphibus.errors import StoreAway, StoreError, StoreInUse, StoreUnwritable
from amphibus.failpoints import failpoint
from amphibus.messages.ids import new_id

_WAIT_A_WHILE: Final = "SET LOCAL lock_timeout = '5s'"
_CONNECT_SECONDS: Final = 5.0
_OPEN_SECONDS: Final = 60.0
_AWAY = (
    OSError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.LockNotAvailableError,
)


class PostgresStore:
    """A module's schema. Opened by each instance for itself."""

    def __init__(self, module: str, url: str, *, handler_seconds: float = 60.0) -> None:
        self.module = module
        self._settings = SessionSettings(handler_seconds=handler_seconds)
        self._suspicion = Suspicion()
        self._suspicion.on_raised = self._doubt_what_runs
        self.session_token = new_id()[-12:]
        """Tells the sessions of this instance at the server from those of others."""
        parsed = make_url(url).set(drivername="postgresql+asyncpg")
        shown = parsed.set(drivername="postgresql").render_as_string(hide_password=True)
        self.where = f"{shown} (schema {module})"
        self._engine: AsyncEngine = create_async_engine(
            parsed,
            isolation_level="AUTOCOMMIT",
            poolclass=NullPool,
            connect_args={
                "timeout": _CONNECT_SECONDS,
                "server_settings": {
                    "search_path": module,
                    "application_name": session_name(module, self.session_token),
                },
            },
        )
        self._name = f"amphibus.{module}"
        self.health = StoreHealth(module)
        self._readers = Readers(self._connect_reader)
        self._open: list[PostgresConnection] = []
        self.writer: PostgresConnection
        self.reader: Sql

    async def open(self, migrate: Migrate | None = None, *, upgrade: bool = False) -> None:
        """Connects, creates or upgrades the tables.

        Raises:
            StoreAway: the server does not answer.
            StoreUnwritable: it refuses this role, or has no such database.
            NewerStore: a newer version wrote it.
            OlderStore: an older version wrote it; with `upgrade` it is brought to this one.
            StoreInUse: instances of an older version work on it.
            StoreError: a restore of it was broken off.
        """
        async with self._or_closed():
            self.writer = await self._opened()
            self._shared_reader = await self._opened()
            self.reader = SharedReader(self._shared_reader)
            async with cut_off_after(self.writer.raw, math.inf if upgrade else _OPEN_SECONDS):
                await self._create_or_upgrade(upgrade=upgrade)
        if migrate is not None:
            await self.migrate(migrate)

    async def migrate(self, migrate: Migrate) -> None:
        """Brings the module's own tables up to date; an error closes the connections."""
        async with self._or_closed():
            await migrate(self)

    @asynccontextmanager
    async def _or_closed(self) -> AsyncIterator[None]:
        """Closes the connections on an error, and says what is wrong."""
        try:
            yield
        except BaseException as error:
            await self.close()
            if isinstance(error, TimeoutError | asyncpg.LockNotAvailableError):
                raise self._unusable(error) from error
            if (refusal := _refusal_in(error)) is not None:
                raise StoreUnwritable(
                    f"{self.where} cannot be used by this role to make or change tables",
                    f"{refusal}; a newer version brings tables, and another role may make them",
                    "as the role that owns them: amphibus db upgrade",
                ) from error
            raise

    async def close(self) -> None:
        """Closes the connections, each within a second, whether the server answers or not."""
        opened, self._open = self._open, []
        await asyncio.gather(self._readers.close(), *(each.close() for each in opened))
        await self._engine.dispose()

    async def renew_writer(self) -> None:
        """Cuts the writer's connection; the next transaction begins on a new one."""
        self.writer.raw.terminate()

    async def take_reader(self, *, snapshot: bool = True) -> PostgresReader:
        """A read-only connection, of which there are few: waits where all are in use."""
        return await self._readers.take(snapshot=snapshot)

    async def give_back_reader(self, connection: PostgresReader) -> None:
        """Ends the snapshot."""
        await self._readers.give_back(connection)

    async def begin_alone(self) -> None:
        """Begins to write, once no other instance of the module is between here and its commit."""
        # Not a snapshot: it would be taken before the wait, and not show what the other has done.
        await self.writer.begin("BEGIN ISOLATION LEVEL READ COMMITTED", armed=False)
        await self.writer.asked.execute(ALONE)
        await self._only_one()

    async def connect(self, **bounds: float) -> PostgresConnection:
        """Another connection; close it. It may wait less long than others do: see `SessionSettings`."""
        settings = replace(self._settings, **bounds)
        return await PostgresConnection(
            self._engine, self._unusable, settings, self._suspicion
        ).open()

    async def _connect_reader(self) -> PostgresReader:
        return await PostgresReader(
            self._engine, self._unusable, self._settings, self._suspicion
        ).open()

    def _doubt_what_runs(self) -> None:
        """A handler's statement has no end of its own but the handler's, which is far off."""
        if self._open:
            give_up = partial(self.writer.give_up_turn, self.writer.turn)
            asyncio.get_running_loop().call_later(ANSWER_SECONDS, give_up)

    async def _opened(self) -> PostgresConnection:
        connection = await self.connect()
        self._open.append(connection)
        return connection

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

    async def _create_or_upgrade(self, *, upgrade: bool) -> None:
        try:
            await self._create_or_upgrade_alone(upgrade=upgrade)
        except asyncpg.LockNotAvailableError as error:
            raise self._used_by_an_older_one("a transaction on its tables does not end") from error

    async def _create_or_upgrade_alone(self, *, upgrade: bool) -> None:
        raw = self.writer.raw
        async with raw.transaction():
            await raw.execute(f"{ALONE}; SET LOCAL lock_timeout = 0")
            # Two instances that start together create the tables once.
            await self._only_one()
            await refuse_half_restored(raw, self.module, self.where)
            # Only where it is missing: even to ask for one that exists needs a right to make others.
            if not await raw.fetchval("SELECT to_regnamespace($1)", f'"{self.module}"'):
                await raw.execute(f'CREATE SCHEMA IF NOT EXISTS "{self.module}"')
            facts = await facts_of_schema(raw, self.module)
            if facts:
                check_owner(facts, self.module, self.where)
                if not upgrade:
                    check_facts(facts, self.module, self.where)
            version = version_of(facts)
            if version == SCHEMA_VERSION:
                return
            if facts:
                await self._refuse_while_others_work(raw)
                await raw.execute(_WAIT_A_WHILE)
            failpoint("migrate.before")
            for statement in statements_for_postgresql(version):
                await raw.execute(statement)
            facts = {"module": self.module} | facts | {"schema_version": str(SCHEMA_VERSION)}
            await note_facts_of_schema(raw, facts)
            failpoint("migrate.after")

    async def _refuse_while_others_work(self, raw: Any) -> None:
        if alive := await count_alive(raw, self.module):
            raise self._used_by_an_older_one(f"instances of module {self.module}: {alive}")

    def _used_by_an_older_one(self, why: str) -> StoreInUse:
        return StoreInUse(
            f"{self.where} is in use by an older version of Amphibus",
            f"{why}; one that was killed is forgotten after 10 seconds",
            "stop them, then: amphibus db upgrade",
        )


def _refusal_in(error: BaseException | None) -> asyncpg.PostgresError | None:
    """Returns the server's refusal of a right in an error, which SQLAlchemy wraps twice."""
    while error is not None and not isinstance(error, asyncpg.InsufficientPrivilegeError):
        error = getattr(error, "orig", None) or error.__cause__
    return error


def session_name(module: str, token: str) -> str:
    """The name by which the server knows the sessions of one instance of a module."""
    return f"{module} {token}"
