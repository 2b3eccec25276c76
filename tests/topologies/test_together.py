"""Instances of one module beside and after each other, on one PostgreSQL database."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from amphibus.clock import DatabaseClock
from amphibus.database.migrations import current, revisions, upgrade
from amphibus.database.postgres.store import PostgresStore
from amphibus.database.postgres.urls import plain
from amphibus.errors import StoreError
from amphibus.partitions.assignment import SingleInstance
from amphibus.partitions.leases import Leases
from amphibus.supervision import Supervisor
from amphibus.telemetry.health import Health
from amphibus.unit_of_work.isolation import Isolation
from amphibus.unit_of_work.transaction import Transaction
from amphibus.unit_of_work.writer import Writer
from tests.faults.month import ROOT

_MODULE = "orders"
_MIGRATIONS = ROOT / "modules" / _MODULE / "migrations"


async def _opened(url: str, folder: Path = _MIGRATIONS) -> PostgresStore:
    store = PostgresStore(_MODULE, url)
    await store.open(lambda opened: upgrade(opened, folder))
    return store


@pytest.mark.asyncio
async def test_instances_that_start_together_make_the_tables_once(database: str) -> None:
    stores = await asyncio.gather(*(_opened(database) for _ in range(4)))
    found = [await current(store) for store in stores]
    for store in stores:
        await store.close()

    assert found == [revisions(_MIGRATIONS)[-1]] * 4


@pytest.mark.asyncio
async def test_instances_that_change_the_same_row_do_not_wait_for_each_other(database: str) -> None:
    """The one that comes too late is run again at once, and nobody hears of it."""
    stores = await asyncio.gather(*(_opened(database) for _ in range(2)))
    await stores[0].reader.run("CREATE TABLE shelf (pieces INTEGER)")
    await stores[0].reader.run("INSERT INTO shelf VALUES (0)")
    supervisor = Supervisor(Health())
    writers = [
        Writer(store, SingleInstance(1), Isolation(), supervisor, batch=64) for store in stores
    ]
    for writer in writers:
        await writer.start()

    async def take_one(transaction: Transaction) -> None:
        row = await transaction.sql.row("SELECT pieces FROM shelf")
        assert row is not None
        await transaction.sql.run("UPDATE shelf SET pieces = ?", row[0] + 1)

    async with asyncio.timeout(30):
        await asyncio.gather(*(writer.submit(take_one) for _ in range(100) for writer in writers))
    found = await stores[0].reader.row("SELECT pieces FROM shelf")
    for store, writer in zip(stores, writers, strict=True):
        await writer.stop()
        await store.close()

    assert found is not None
    assert found[0] == 200


@pytest.mark.asyncio
async def test_another_mode_starts_when_the_last_one_is_dead_and_not_while_it_lives(
    database: str,
) -> None:
    """A lease says that its instance lived a moment ago, whatever has become of it since."""
    store = await _opened(database)

    def leases(transport: str, seconds: float = 1.0) -> Leases:
        return Leases(
            store,
            count=1,
            transport=transport,
            supervisor=Supervisor(Health()),
            clock=DatabaseClock(),
            beat_seconds=0.2,
            lease_seconds=seconds,
        )

    lives, other = leases("rabbitmq", 3600.0), leases("memory")
    await lives.start()
    with pytest.raises(StoreError, match="runs over rabbitmq"):
        await other.start()
    await other.stop()
    await lives._task.stop()  # it dies, and gives nothing back; its lease ends
    raw = await asyncpg.connect(plain(database))
    await raw.execute(f'UPDATE "{store.module}".amphibus_instance SET until = 0')
    await raw.close()
    later = leases("memory")
    async with asyncio.timeout(30):
        await later.start()
    taken = later.owned
    await later.stop()
    await lives.stop()
    await store.close()

    assert taken == {0}
