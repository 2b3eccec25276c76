"""FastAPI doing the same commit as the gateway: what was accepted, the message, its destination.

Setup: `data` for SQLite by aiosqlite, or `db_url` for PostgreSQL by asyncpg.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiosqlite
import asyncpg
from fastapi import FastAPI, HTTPException

from tests.benchmarks.child_process import Answering, Request
from tests.benchmarks.peers.flow.messages import Accepted, PlaceOrder
from tests.benchmarks.peers.flow.serving import served

_CONNECTIONS = 8
_SKUS = 200
_TABLES = (
    "CREATE TABLE accepted (identity TEXT PRIMARY KEY, message_id TEXT NOT NULL, digest {bytes} NOT NULL)",
    "CREATE TABLE outbox (id TEXT PRIMARY KEY, type TEXT NOT NULL, body {bytes} NOT NULL)",
    "CREATE TABLE delivery (destination TEXT, id TEXT, PRIMARY KEY (destination, id))",
    "CREATE TABLE stock (sku TEXT PRIMARY KEY, on_hand BIGINT NOT NULL, reserved BIGINT NOT NULL)",
)
_INSERTS = (
    "INSERT INTO accepted VALUES ({0}, {1}, {2})",
    "INSERT INTO outbox VALUES ({0}, {1}, {2})",
    "INSERT INTO delivery VALUES ({0}, {1})",
)
_STOCK = "INSERT INTO stock VALUES ({0}, {1}, {2})"
_READ = "SELECT sku, on_hand, reserved FROM stock WHERE sku = {0}"

Rows = tuple[tuple[Any, ...], ...]
Write = Callable[[Rows], Awaitable[None]]
Read = Callable[[str], Awaitable[Any]]


@asynccontextmanager
async def contestant(setup: Mapping[str, Any]) -> AsyncIterator[Answering]:
    opened = _server(setup["db_url"]) if setup.get("db_url") else _files(Path(setup["data"]))
    async with opened as (write, read), served(application(write, read)) as url:

        async def answer(_request: Request) -> None:
            """It answers over HTTP only."""

        yield Answering(answer, {"url": url})


def application(write: Write, read: Read) -> FastAPI:
    """A write and a read."""
    app = FastAPI()

    @app.post("/v1/orders", status_code=202)
    async def place_order(order: PlaceOrder) -> Accepted:
        body = order.model_dump_json().encode()
        identity, message_id = str(order.order_id), str(uuid.uuid4())
        await write(
            (
                (identity, message_id, sha256(body).digest()),
                (message_id, "orders.PlaceOrder.v1", body),
                ("orders", message_id),
            )
        )
        return Accepted(order_id=order.order_id)

    @app.get("/v1/stock/{sku}")
    async def get_stock(sku: str) -> dict[str, Any]:
        row = await read(sku)
        if row is None:
            raise HTTPException(404)
        return {"sku": row[0], "on_hand": row[1], "reserved": row[2], "available": row[1] - row[2]}

    return app


@asynccontextmanager
async def _files(data: Path) -> AsyncIterator[tuple[Write, Read]]:
    one_at_a_time = asyncio.Lock()
    path = data / "web.db"
    marks = ("?", "?", "?")
    async with (
        aiosqlite.connect(path, isolation_level=None) as database,
        aiosqlite.connect(path, isolation_level=None) as reading,
    ):
        await database.execute("PRAGMA journal_mode = WAL")
        await database.execute("PRAGMA synchronous = FULL")
        for statement in _TABLES:
            await database.execute(statement.format(bytes="BLOB"))
        await database.executemany(_STOCK.format(*marks), _stock())

        async def write(rows: Rows) -> None:
            async with one_at_a_time:
                await database.execute("BEGIN IMMEDIATE")
                for statement, row in zip(_INSERTS, rows, strict=True):
                    await database.execute(statement.format(*marks), row)
                await database.execute("COMMIT")

        async def read(sku: str) -> Any:
            async with reading.execute(_READ.format(*marks), (sku,)) as found:
                return await found.fetchone()

        yield write, read


@asynccontextmanager
async def _server(url: str) -> AsyncIterator[tuple[Write, Read]]:
    marks = ("$1", "$2", "$3")
    async with asyncpg.create_pool(url, min_size=_CONNECTIONS, max_size=_CONNECTIONS) as pool:
        for statement in _TABLES:
            await pool.execute(statement.format(bytes="BYTEA"))
        await pool.executemany(_STOCK.format(*marks), _stock())

        async def write(rows: Rows) -> None:
            async with pool.acquire() as connection, connection.transaction():
                for statement, row in zip(_INSERTS, rows, strict=True):
                    await connection.execute(statement.format(*marks), *row)

        async def read(sku: str) -> Any:
            return await pool.fetchrow(_READ.format(*marks), sku)

        yield write, read


def _stock() -> list[tuple[str, int, int]]:
    return [(f"SKU-{number:03}", 1_000_000, 0) for number in range(_SKUS)]
