"""One connection to a SQLite file, with the transactions of the runtime and a session of handlers."""

import asyncio
import contextlib
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from sqlalchemy import URL
from sqlalchemy.dialects import registry
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from amphibus.database.faults import is_locked
from amphibus.database.sessions import session_on
from amphibus.database.sqlite.direct import SqliteDirect
from amphibus.database.sqlite.inline_dialect import GuardedConnection, InlineSession
from amphibus.database.sqlite.sql import SqliteSql

_BUSY_MILLISECONDS: Final = 20
"""How long a statement may wait for another program's lock, since the whole process waits with it."""
_OPEN_SECONDS: Final = 0.5
"""As long may it take to open the file."""
_LOCK_SECONDS: Final = 2.0
"""How long a transaction is tried to begin meanwhile, before it counts as trouble."""
_LOCK_PAUSE_SECONDS: Final = 0.02


@dataclass(slots=True, eq=False)
class SqliteConnection:
    """One connection, its engine, and a session that lives as long as it does."""

    engine: AsyncEngine
    bound: AsyncConnection
    raw: GuardedConnection
    sql: SqliteSql
    session: InlineSession
    writer: bool
    _point: bool = False
    """A savepoint stands in the transaction that is open."""
    begun: ClassVar[bool] = False
    overrun: ClassVar[bool] = False
    undoes: ClassVar[bool] = True
    is_remote: ClassVar[bool] = False
    slice_seconds: ClassVar[float] = 0.010
    """It keeps the loop from everybody else."""

    @property
    def in_transaction(self) -> bool:
        """True if a transaction is open that may be committed."""
        return not (self._lost or self.raw.guard.spoilt) and self.raw.in_transaction

    @property
    def _lost(self) -> bool:
        """True if a handler has closed it."""
        return self.bound.closed or self.bound.invalidated

    async def begin(self, *, armed: bool = True) -> None:
        """Begins to write: nobody else writes until it ends. Without `armed`, its user may end it.

        Raises:
            sqlite3.OperationalError: another program has kept the file locked for too long.
        """
        self.raw.guard.begin(armed=armed)
        ends = time.monotonic() + _LOCK_SECONDS
        while not self._begun():
            if time.monotonic() > ends:
                self.raw.execute("BEGIN IMMEDIATE")  # it says why not
                break
            await asyncio.sleep(_LOCK_PAUSE_SECONDS)
        self._point = False

    def _begun(self) -> bool:
        try:
            self.raw.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if not is_locked(error):
                raise
            return False
        return True

    async def savepoint(self) -> None:
        """Sets the place that `undo` goes back to."""
        if self._point:
            self.raw.execute("RELEASE SAVEPOINT unit")
        self.raw.execute("SAVEPOINT unit")
        self._point = True

    async def undo(self) -> None:
        """Takes back what was done since the savepoint, and goes on."""
        self.raw.execute("ROLLBACK TO SAVEPOINT unit")

    async def commit(self, *, more: bool = False) -> None:  # noqa: ARG002
        """Makes it durable."""
        self.raw.execute("COMMIT")

    async def roll_back(self) -> None:
        """Undoes it, whatever state it is in. The session is a new one afterwards."""
        with contextlib.suppress(sqlite3.ProgrammingError):  # closed, and so rolled back
            if self.raw.in_transaction:
                self.raw.execute("ROLLBACK")
        self.session.sync_session.expunge_all()
        if self._lost:
            self.bound, self.raw = await _bound(self.engine, writer=self.writer)
            self.sql = SqliteSql(self.raw)
        self.session = _session(self.bound, self.raw)

    async def close(self) -> None:
        """Closes all three."""
        self.session.sync_session.expunge_all()
        await self.bound.close()
        await self.engine.dispose()


async def connect_to(path: Path, *, writer: bool) -> SqliteConnection:
    """Opens a file, which is made where it is missing. Without `writer`, nothing can be changed by it."""
    registry.register("sqlite.inline", "amphibus.database.sqlite.inline_dialect", "InlineSqlite")
    engine = create_async_engine(
        URL.create("sqlite+inline", database=str(path)),
        connect_args={
            "isolation_level": None,
            "check_same_thread": False,
            "timeout": _OPEN_SECONDS,
            "cached_statements": 512,
            "factory": GuardedConnection,
        },
    )
    bound, raw = await _bound(engine, writer=writer)
    session = _session(bound, raw)
    return SqliteConnection(engine, bound, raw, SqliteSql(raw), session, writer)


def _session(bound: AsyncConnection, raw: GuardedConnection) -> InlineSession:
    return session_on(bound, InlineSession, SqliteDirect(raw, bound.dialect))


async def _bound(engine: AsyncEngine, *, writer: bool) -> tuple[AsyncConnection, GuardedConnection]:
    bound = await engine.connect()
    raw: GuardedConnection = (await bound.get_raw_connection()).driver_connection  # type: ignore[assignment]
    try:
        _prepare(raw, writer=writer)
    except BaseException:
        await bound.close()
        await engine.dispose()
        raise
    return bound, raw


def _prepare(raw: GuardedConnection, *, writer: bool) -> None:
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute("PRAGMA foreign_keys=ON")
    raw.execute("PRAGMA cache_size=-2000")
    raw.execute(f"PRAGMA busy_timeout={_BUSY_MILLISECONDS}")
    if not writer:
        raw.execute("PRAGMA query_only=ON")
