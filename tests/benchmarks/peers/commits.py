"""The limit that a database sets: transactions of a business row and an outbox row, nothing around them.

Setup: `driver` is `aiosqlite`, `sqlite3` or `asyncpg`; `data` or `db_url`.
"""

import asyncio
import itertools
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite
import asyncpg

from tests.benchmarks.business import orders
from tests.benchmarks.child_process import Answering, Request

Commit = Callable[[int, bytes], Awaitable[None]]
_TABLES = (
    "CREATE TABLE kept (id {number} PRIMARY KEY, what TEXT NOT NULL)",
    "CREATE TABLE outbox (seq {number} PRIMARY KEY, body {bytes} NOT NULL)",
)
_CONNECTIONS = 8
"""With which the server is fastest here; more make it slower."""


@asynccontextmanager
async def contestant(setup: Mapping[str, Any]) -> AsyncIterator[Answering]:
    numbers = itertools.count(1)
    body = orders()().model_dump_json().encode()
    async with opened(setup) as commit:

        async def answer(request: Request) -> float:
            left = iter(range(request["count"]))

            async def one_after_another() -> None:
                for _ in left:
                    await commit(next(numbers), body)

            began = time.perf_counter()
            await asyncio.gather(*(one_after_another() for _ in range(request["at_once"])))
            return float(request["count"]) / (time.perf_counter() - began)

        yield Answering(answer)


@asynccontextmanager
async def opened(setup: Mapping[str, Any]) -> AsyncIterator[Commit]:
    """A database of its own, and what commits to it."""
    openers = {"aiosqlite": _aiosqlite, "sqlite3": _sqlite3, "asyncpg": _asyncpg}
    async with openers[setup["driver"]](setup) as commit:
        yield commit


@asynccontextmanager
async def _aiosqlite(setup: Mapping[str, Any]) -> AsyncIterator[Commit]:
    one_at_a_time = asyncio.Lock()
    async with aiosqlite.connect(Path(setup["data"]) / "bare.db", isolation_level=None) as database:
        for statement in _sqlite_statements():
            await database.execute(statement)

        async def commit(number: int, body: bytes) -> None:
            async with one_at_a_time:
                await database.execute("BEGIN IMMEDIATE")
                await database.execute("INSERT INTO kept VALUES (?, ?)", (number, "what"))
                await database.execute("INSERT INTO outbox VALUES (?, ?)", (number, body))
                await database.execute("COMMIT")

        yield commit


@asynccontextmanager
async def _sqlite3(setup: Mapping[str, Any]) -> AsyncIterator[Commit]:
    database = sqlite3.connect(Path(setup["data"]) / "bare.db", isolation_level=None)
    for statement in _sqlite_statements():
        database.execute(statement)

    async def commit(number: int, body: bytes) -> None:
        database.execute("BEGIN IMMEDIATE")
        database.execute("INSERT INTO kept VALUES (?, ?)", (number, "what"))
        database.execute("INSERT INTO outbox VALUES (?, ?)", (number, body))
        database.execute("COMMIT")

    yield commit
    database.close()


@asynccontextmanager
async def _asyncpg(setup: Mapping[str, Any]) -> AsyncIterator[Commit]:
    async with asyncpg.create_pool(
        setup["db_url"], min_size=_CONNECTIONS, max_size=_CONNECTIONS
    ) as pool:
        for statement in _TABLES:
            await pool.execute(statement.format(number="BIGINT", bytes="BYTEA"))

        async def commit(number: int, body: bytes) -> None:
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute("INSERT INTO kept VALUES ($1, $2)", number, "what")
                await connection.execute("INSERT INTO outbox VALUES ($1, $2)", number, body)

        yield commit


def _sqlite_statements() -> list[str]:
    tables = [statement.format(number="INTEGER", bytes="BLOB") for statement in _TABLES]
    return ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", *tables]
