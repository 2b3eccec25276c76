"""What several ask of a database at once is asked together, and answered to each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from amphibus.database.envelope_rows import ENVELOPE
from amphibus.database.postgres.shared_reader import SharedReader
from amphibus.database.postgres.store import PostgresStore
from amphibus.database.sql import Identified
from amphibus.database.write_set import Row
from tests.services.postgres import PostgresCluster, database_in

pytestmark = pytest.mark.asyncio
_HANDLED = f"""
    INSERT INTO amphibus_inbox ({ENVELOPE}, received, handled, attempts, outcome, answer)
    SELECT 'm' || n, 't', 's', 'k' || n, 0, '', NULL, '', 0, NULL, NULL, 0, 0, 1, 'handled', ('a' || n)::bytea
    FROM generate_series(0, 9) AS n
"""
_WAITING = (
    "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'desk.amphibus_inbox'::regclass"
)
_PATIENCE_SECONDS = 15.0


@pytest_asyncio.fixture
async def store(cluster: PostgresCluster) -> AsyncIterator[PostgresStore]:
    """That of a module which has handled ten messages."""
    with database_in(cluster) as url:
        made = PostgresStore("desk", url)
        await made.open()
        await made.reader.run(_HANDLED)
        await made.reader.prior_outcomes([("s", "nobody", "nobody")])
        yield made
        await made.close()


async def test_what_is_asked_while_another_asks_is_asked_at_once(store: PostgresStore) -> None:
    asked: list[str] = []
    store._shared_reader.raw.add_query_logger(lambda each: asked.append(each.query))
    first = asyncio.ensure_future(store.reader.prior_outcomes(_about(9)))
    others = [asyncio.ensure_future(store.reader.prior_outcomes(_about(n))) for n in range(6)]

    assert await first == _answer(9)
    assert await asyncio.gather(*others) == [_answer(n) for n in range(6)]
    assert len(asked) == 2


async def test_who_waits_is_answered_when_the_one_who_asks_for_all_is_cancelled(
    store: PostgresStore,
) -> None:
    async with _locked(store) as connection:
        async with _turn(store.reader):
            first, *others = [
                asyncio.ensure_future(store.reader.prior_outcomes(_about(n))) for n in range(6)
            ]
            await asyncio.sleep(0)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not await connection.fetchval(_WAITING):
                await asyncio.sleep(0.01)
        first.cancel()
        await asyncio.wait([first])

    assert first.cancelled()
    assert await asyncio.gather(*others) == [_answer(n) for n in range(1, 6)]


async def test_who_waits_is_answered_when_the_first_in_line_is_cancelled(
    store: PostgresStore,
) -> None:
    async with _turn(store.reader):
        first, *others = [
            asyncio.ensure_future(store.reader.prior_outcomes(_about(n))) for n in range(6)
        ]
        await asyncio.sleep(0)
        first.cancel()

    assert await asyncio.gather(*others) == [_answer(n) for n in range(1, 6)]
    assert first.cancelled()


def _about(n: int) -> list[Identified]:
    """Something that was handled, among as many as the number says that nobody knows."""
    unknown = [("s", f"unknown{each}", "ordering_key") for each in range(n)]
    return [*unknown, ("s", f"m{n}", f"k{n}"), *unknown]


def _answer(n: int) -> list[Row | None]:
    return [*[None] * n, ("handled", f"a{n}".encode()), *[None] * n]


@asynccontextmanager
async def _turn(look: object) -> AsyncIterator[None]:
    """Nobody else asks meanwhile."""
    assert isinstance(look, SharedReader)
    async with look._turn:
        yield


@asynccontextmanager
async def _locked(store: PostgresStore) -> AsyncIterator[Any]:
    """Nobody is answered meanwhile; a connection that can tell who waits for it."""
    url = store._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(url, timeout=100)
    async with connection.transaction():
        await connection.execute("LOCK TABLE desk.amphibus_inbox")
        yield connection
    await connection.close()
