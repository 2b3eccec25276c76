"""What was submitted to a writer is committed or fails; nobody waits for ever."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from amphibus import failpoints
from amphibus.database.sqlite.store import SqliteStore
from amphibus.errors import StoreError
from amphibus.partitions.assignment import SingleInstance
from amphibus.supervision import Supervisor
from amphibus.telemetry.health import Health
from amphibus.unit_of_work.isolation import Isolation
from amphibus.unit_of_work.transaction import Transaction
from amphibus.unit_of_work.writer import Writer

pytestmark = pytest.mark.asyncio


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    failpoints.arm("")


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """An open database with a table of numbers."""
    store = SqliteStore("orders", tmp_path)
    await store.open()
    await store.writer.sql.run("CREATE TABLE number (n INTEGER)")
    yield store
    await store.close()


def writer_of(store: SqliteStore, batch: int = 2) -> Writer:
    supervisor = Supervisor(Health(), first_pause_seconds=0.0)
    return Writer(store, SingleInstance(1), Isolation(), supervisor, batch=batch)


async def add(transaction: Transaction) -> None:
    await transaction.sql.run("INSERT INTO number VALUES (1)")


async def test_units_in_hand_when_the_task_fails_are_committed_once_it_is_begun_again(
    store: SqliteStore,
) -> None:
    writer = writer_of(store)
    failpoints.arm("task.writer:2:raise")
    await writer.start()
    async with asyncio.timeout(30):
        await asyncio.gather(*(writer.submit(add) for _ in range(6)))
    await writer.stop()

    assert await store.reader.row("SELECT count(*) FROM number") == (6,)


async def test_units_that_were_not_begun_when_the_writer_is_stopped_fail(
    store: SqliteStore,
) -> None:
    writer = writer_of(store)
    waiting = [writer.submit(add) for _ in range(3)]
    await writer.stop()
    await writer.stop()
    waiting.append(writer.submit(add))

    for each in waiting:
        with pytest.raises(StoreError, match="was not committed"):
            async with asyncio.timeout(30):
                await each


async def test_a_drain_waits_for_the_units_that_are_in_hand(store: SqliteStore) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(transaction: Transaction) -> None:
        begun.set()
        await go_on.wait()
        await add(transaction)

    writer = writer_of(store)
    await writer.start()
    unit = writer.submit(slow)
    await begun.wait()
    draining = asyncio.create_task(writer.drain())
    await asyncio.sleep(0)
    early = draining.done()
    go_on.set()
    async with asyncio.timeout(30):
        await draining
    await writer.stop()

    assert not early
    assert unit.done()
    assert await store.reader.row("SELECT count(*) FROM number") == (1,)


async def test_a_unit_that_closes_the_drivers_connection_costs_the_writer_a_new_one(
    store: SqliteStore,
) -> None:
    """Nothing can be rolled back on it; the units behind it run all the same."""

    async def close(_transaction: Transaction) -> None:
        store.writer.raw.close()

    writer = writer_of(store)
    await writer.start()
    async with asyncio.timeout(30):
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            await writer.submit(close)
        await writer.submit(add)
    await writer.stop()

    assert await store.reader.row("SELECT count(*) FROM number") == (1,)
    assert not store.health.cannot_write


async def test_units_that_run_singly_let_others_go_on_between_them(store: SqliteStore) -> None:
    """Statements on a file never suspend, and each of these units has a commit of its own."""
    turns: list[int] = []
    count = 0

    async def look() -> None:
        nonlocal count
        while True:
            count += 1
            await asyncio.sleep(0)

    async def note(transaction: Transaction) -> None:
        await add(transaction)
        turns.append(count)

    async def fail(_: Transaction) -> None:
        raise RuntimeError("the batch is rolled back")

    writer = writer_of(store, batch=10)
    jobs = [*[note] * 9, fail]
    submitted = [writer.submit(job) for job in jobs]
    looking = asyncio.create_task(look())
    await writer.start()
    async with asyncio.timeout(30):
        await asyncio.gather(*submitted, return_exceptions=True)
    looking.cancel()
    await writer.stop()

    together, singly = turns[:9], turns[9:]
    assert len(set(together)) == 1
    assert len(set(singly)) == len(singly) == 9
