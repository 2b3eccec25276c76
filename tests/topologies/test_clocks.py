"""What does not rely on the clock of a process, on being woken, or on numbers that come in their order."""

import time
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from amphibus.clock import SystemClock
from amphibus.database.postgres.leases import instance_ids
from amphibus.database.postgres.sql import NOW
from amphibus.database.postgres.store import PostgresStore
from amphibus.partitions.leases import Leases
from amphibus.supervision import Supervisor
from amphibus.telemetry.health import Health
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until

pytestmark = pytest.mark.asyncio
_HOUR = 3_600_000_000_000
_LEASE_SECONDS = 10.0
_COPIED = (
    "type, source, key, time, correlation, causation, trace, reply, extra, body"
    " FROM amphibus_outbox ORDER BY seq LIMIT 1"
)


@pytest.mark.parametrize("wrong", [_HOUR, -_HOUR], ids=["ahead", "behind"])
async def test_an_instance_whose_clock_is_wrong_keeps_its_lease_as_others_do(
    database: str, monkeypatch: pytest.MonkeyPatch, wrong: int
) -> None:
    """All leases are told by the database's clock: nobody is struck off by another, or for ever there."""
    store = PostgresStore("orders", database)
    await store.open()
    right, other = _leases(store), _leases(store)
    await right.start()
    await store.reader.run(
        "INSERT INTO amphibus_instance (id, transport, until)"
        f" VALUES ('silent', 'memory', {NOW} - 1000000)"
    )
    true_time = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: true_time() + wrong)
    await other.start()
    await other._round()
    left = await store.reader.rows(f"SELECT until - {NOW} FROM amphibus_instance")
    ids = set(await instance_ids(store.reader))
    monkeypatch.undo()
    for each in (other, right):
        await each.stop()
    await store.close()

    assert ids == {right.instance, other.instance}
    assert [0 < row[0] <= _LEASE_SECONDS * 1_000_000 for row in left] == [True, True]


async def test_a_number_that_is_committed_late_is_not_skipped(
    database: str, tmp_path: Path
) -> None:
    """Numbers are drawn before the commit: what has a smaller one may be seen after what has a larger one."""
    office = Office("memory", tmp_path, db_url=database)
    async with office.open() as shop:
        await shop.send(desk.Write(book="a", line=1))
        await until(lambda: office.numbers("desk", "a") == [1])
        other = await asyncpg.connect(database, server_settings={"search_path": "gateway"})
        late = other.transaction()
        await late.start()
        number = await other.fetchval(
            "INSERT INTO amphibus_outbox (id, type, source, key, time, correlation, causation,"
            f" trace, reply, extra, body) SELECT 'late', {_COPIED} RETURNING seq"
        )
        await other.execute(
            "INSERT INTO amphibus_delivery (destination, seq, partition)"
            " SELECT 'desk', $1, 0 WHERE true",
            number,
        )
        await shop.send(desk.Write(book="b", line=2))
        await until(lambda: office.numbers("desk", "b") == [2])
        await shop.settle()
        await late.commit()
        await until(lambda: office.numbers("desk", "a") == [1, 1])
        await other.close()


async def test_what_another_process_wrote_is_found_without_being_told(tmp_path: Path) -> None:
    """A notification is a hint; a look now and then is what finds all there is."""
    office = Office("memory", tmp_path)
    async with office.open() as shop:
        await shop.send(desk.Write(book="a", line=1))
        await shop.settle()
        _write_beside(office)
        await until(lambda: office.numbers("desk", "a") == [1, 1], 10.0)


async def test_a_relay_that_cannot_read_says_so_and_goes_on(tmp_path: Path) -> None:
    office = Office("memory", tmp_path)
    async with office.open() as shop:
        await shop.send(desk.Write(book="a", line=1))
        await shop.settle()
        office.change("gateway", "ALTER TABLE amphibus_delivery RENAME TO elsewhere")
        await until(lambda: _says(shop, "amphibus_delivery"))
        office.change("gateway", "ALTER TABLE elsewhere RENAME TO amphibus_delivery")
        await until(lambda: not shop.host.health.reasons())
        _write_beside(office)
        await until(lambda: office.numbers("desk", "a") == [1, 1])


def _leases(store: PostgresStore) -> Leases:
    return Leases(
        store,
        count=2,
        transport="memory",
        supervisor=Supervisor(Health()),
        clock=SystemClock(),
        beat_seconds=600.0,
        lease_seconds=_LEASE_SECONDS,
    )


def _write_beside(office: Office) -> None:
    """Sends the first message again, under another id, as another process would."""
    office.change(
        "gateway",
        "INSERT INTO amphibus_outbox (id, type, source, key, time, correlation, causation,"
        f" trace, reply, extra, body) SELECT 'beside', {_COPIED}",
    )
    office.change(
        "gateway",
        "INSERT INTO amphibus_delivery (destination, seq, partition)"
        " SELECT 'desk', seq, 0 FROM amphibus_outbox WHERE id = 'beside'",
    )


def _says(shop: Any, what: str) -> bool:
    return any(what in why for why in shop.host.health.reasons().values())
