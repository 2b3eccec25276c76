"""Work in a module's schema that one instance does at a time, beside its commits: on a connection of its own."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from amphibus.database.postgres.connection import PostgresConnection
from amphibus.database.postgres.store import PostgresStore
from amphibus.database.sql import Sql

T = TypeVar("T")
_LOCK_SECONDS: Final = 4.0
_ANSWER_SECONDS: Final = 5.0
_BEGIN: Final = (
    "BEGIN ISOLATION LEVEL READ COMMITTED;"
    # Who is frozen meanwhile loses the lock, and with it what it was about to write.
    " SET LOCAL idle_in_transaction_session_timeout = '2s'"
)


class Locked:
    """Connects when it is first needed. What fails leaves nothing, and the next job begins on a new connection."""

    def __init__(self, store: PostgresStore, name: str) -> None:
        self._store = store
        self._name = f"amphibus.{store.module}.{name}"
        self._connection: PostgresConnection | None = None
        self._turn = asyncio.Lock()

    async def __call__(self, job: Callable[[Sql], Awaitable[T]]) -> T:
        """Runs a job in a transaction while no other instance runs one.

        Raises:
            Exception: of the database. Whether the job was committed is not known then.
        """
        async with self._turn:
            try:
                return await self._run(job)
            except BaseException:
                await self._close()
                raise

    async def close(self) -> None:
        """Gives the connection back."""
        async with self._turn:
            await self._close()

    async def _run(self, job: Callable[[Sql], Awaitable[T]]) -> T:
        if self._connection is None:
            self._connection = await self._store.connect(
                lock_seconds=_LOCK_SECONDS, answer_seconds=_ANSWER_SECONDS
            )
        connection = self._connection
        await connection.begin(_BEGIN, armed=False)
        await connection.sql.run("SELECT pg_advisory_xact_lock(hashtext(?))", self._name)
        done = await job(connection.sql)
        await connection.commit()
        return done

    async def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                await connection.close()
