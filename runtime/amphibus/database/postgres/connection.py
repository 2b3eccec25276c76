"""One connection to a PostgreSQL database, with the transactions of the runtime and a session of handlers."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from amphibus.database.postgres.bounded import (
    ANSWER_SECONDS,
    FAREWELL_SECONDS,
    BoundedConnection,
    Suspicion,
)
from amphibus.database.postgres.direct import PostgresDirect
from amphibus.database.postgres.session_settings import SessionSettings
from amphibus.database.postgres.sql import PostgresSql
from amphibus.database.sessions import ServerSession, TransactionGuard, session_on
from amphibus.database.sql import Sql
from amphibus.errors import StoreError

_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ"
"""Of two transactions that change one row, the later is rolled back and rerun: no update is lost."""


class PostgresConnection:
    """One connection, made anew when the server went away.

    SQLAlchemy is told to leave transactions alone; the runtime begins and ends them.
    """

    bound: AsyncConnection
    raw: Any
    asked: BoundedConnection
    """How the runtime asks: with an end to each wait."""
    sql: Sql
    session: ServerSession
    overrun = False
    undoes = False
    is_remote = True
    slice_seconds = 0.040

    def __init__(
        self,
        engine: AsyncEngine,
        unusable: Callable[[Exception], StoreError],
        settings: SessionSettings,
        suspicion: Suspicion,
    ) -> None:
        self._engine = engine
        self._unusable = unusable
        self._settings = settings
        self._suspicion = suspicion
        self.turn = 0
        """How many transactions were begun."""
        self.begun = False
        """The last commit began a transaction, which has done nothing yet."""

    async def open(self) -> "PostgresConnection":
        """Connects.

        Raises:
            StoreAway: the server does not answer.
            StoreUnwritable: it refuses this role, or has no such database.
        """
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                self.bound = await self._engine.connect()
                self.raw = (await self.bound.get_raw_connection()).driver_connection
        except (OSError, asyncpg.PostgresError, DBAPIError) as error:
            raise self._unusable(error) from error
        self.asked = BoundedConnection(
            self.raw, seconds=self._settings.answer_seconds, suspicion=self._suspicion
        )
        self.sql = PostgresSql(self.asked)
        self.session = self._session()
        self._guard = TransactionGuard.listening(self.bound)
        try:
            await self.asked.execute(self._settings.statement)
        except BaseException:
            self.raw.terminate()
            await _give_back(self.bound)
            raise
        return self

    @property
    def in_transaction(self) -> bool:
        """Returns whether a transaction is open that may be committed."""
        return self.open_on_server and not self._guard.spoilt

    @property
    def open_on_server(self) -> bool:
        """Returns whether a transaction is open, whatever is to become of it."""
        return not self.raw.is_closed() and bool(self.raw.is_in_transaction())

    async def begin(self, how: str = _BEGIN, *, armed: bool = True) -> None:
        """Begins, on a new connection if the old one is lost. Without `armed`, its user may end the transaction."""
        begun, self.begun = self.begun, False
        self.turn += 1
        if not self.asked.is_usable:
            begun = False
            await self.reopen()
        self._guard.begin(armed=armed)
        if not begun:
            await self.asked.execute(how)

    def _session(self) -> ServerSession:
        direct = PostgresDirect(self.raw, self.bound.dialect, self.executing)
        return session_on(self.bound, ServerSession, direct)

    def executing(self, statement: str) -> None:
        """A statement is about to run that SQLAlchemy does not see.

        Raises:
            UnitFailed: it would begin or end a transaction.
            OutlivesHandler: it would change what others do on the connection.
        """
        self._guard.executing(statement)

    async def savepoint(self) -> None:
        """Returns where `undo` goes back to: where the transaction began."""

    async def undo(self) -> None:
        """Takes back what was done since the savepoint, and goes on."""
        await self.asked.execute("ROLLBACK AND CHAIN")

    async def commit(self, *, more: bool = False) -> None:
        """Makes it durable; begins another transaction with it if `more` waits to be done.

        Raises:
            StoreError: the transaction had failed before; PostgreSQL rolled it back.
        """
        if await self.asked.execute("COMMIT AND CHAIN" if more else "COMMIT") != "COMMIT":
            raise StoreError("the transaction was rolled back", "a statement in it had failed", "")
        self.begun = more

    async def roll_back(self) -> None:
        """Undoes it, whatever state it is in. The session is a new one afterwards."""
        self.begun = False
        if self.open_on_server:
            try:
                await self.asked.answered(self.raw.execute("ROLLBACK"), FAREWELL_SECONDS)
            except Exception:  # noqa: BLE001 - the server rolls back what belongs to a lost connection
                self.raw.terminate()
        self.session.sync_session.expunge_all()
        self.session = self._session()

    async def reopen(self) -> None:
        """Takes a new connection in place of one that is lost, or is likely to be."""
        self.raw.terminate()
        await self.close()
        await self.open()

    def give_up_turn(self, turn: int) -> None:
        """Ends the connection if that transaction is still open: its handler waits for an answer, perhaps for ever."""
        if self.turn == turn and self.open_on_server:
            self.raw.terminate()

    async def close(self) -> None:
        """Gives the connection up, within a second."""
        self.session.sync_session.expunge_all()
        with contextlib.suppress(Exception):
            await self.asked.answered(self.raw.close(), FAREWELL_SECONDS)
        await _give_back(self.bound)


async def _give_back(bound: AsyncConnection) -> None:
    """Tells SQLAlchemy that a connection is over: what is only let go of is found by the garbage collector."""
    for end in (bound.invalidate, bound.close):
        with contextlib.suppress(Exception):
            await end()
