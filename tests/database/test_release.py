"""What waits behind a message is released by one rule, whoever lets it go: the runtime or an operator."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from amphibus.database.acting.dead import store_dead
from amphibus.database.delayed import release_next, remove_delayed, store_delayed
from amphibus.database.schema.steps import statements_for_sqlite
from amphibus.database.sql import Sql
from amphibus.database.sqlite.sql import SqliteSql
from amphibus.messages.envelope import Envelope
from amphibus.messages.failure import Failure

pytestmark = pytest.mark.asyncio

_FIRST = Envelope(
    id="m-1",
    type="shelf.Sell.v1",
    source="gateway",
    key="k",
    time=1,
    correlation="f-1",
    causation=None,
    trace="trace",
    body=b"{}",
)
_SECOND, _THIRD = replace(_FIRST, id="m-2", time=2), replace(_FIRST, id="m-3", time=3)
_NOW = 1_000


@pytest.fixture
def sql() -> Iterator[SqliteSql]:
    """A module's tables, empty."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as raw:
        for statement in statements_for_sqlite(0):
            raw.execute(statement)
        yield SqliteSql(raw)


async def test_the_next_of_its_key_is_released(sql: SqliteSql) -> None:
    await _delay(sql, _FIRST, due=1)
    await _delay(sql, _SECOND, due=None)
    await _delay(sql, _THIRD, due=None)

    assert await remove_delayed(sql, 1, _FIRST.ordering_key, _NOW)

    assert await _due(sql) == [("m-2", _NOW), ("m-3", None)]


async def test_nothing_is_released_while_a_dead_one_blocks_its_key(sql: SqliteSql) -> None:
    """The first was retried and is handled; another one of its key is dead and blocks it still."""
    await _delay(sql, _FIRST, due=1)
    await _die(sql, _SECOND, blocks=True)
    await _delay(sql, _THIRD, due=None)

    assert not await remove_delayed(sql, 1, _FIRST.ordering_key, _NOW)

    assert await _due(sql) == [("m-3", None)]


async def test_a_dead_one_that_does_not_block_holds_up_nobody(sql: SqliteSql) -> None:
    await _die(sql, _FIRST, blocks=False)
    await _delay(sql, _SECOND, due=None)

    assert await release_next(sql, _FIRST.ordering_key, _NOW)


async def _delay(sql: Sql, envelope: Envelope, *, due: int | None) -> None:
    await store_delayed(
        sql, envelope, received=0, attempts=1, tries=1, due=due, error="", partition=0
    )


async def _die(sql: Sql, envelope: Envelope, *, blocks: bool) -> None:
    failure = Failure("failed", "RuntimeError: it broke")
    await store_dead(sql, envelope, failure, received=0, attempts=4, now=5, blocks=blocks)


async def _due(sql: Sql) -> list[tuple[str, int | None]]:
    return [(row[0], row[1]) for row in await sql.rows("SELECT id, due FROM amphibus_delayed")]
