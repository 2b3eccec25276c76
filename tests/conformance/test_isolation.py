"""Promise 6: a slow, dead or broken module hurts nobody else."""

import contextlib
import sqlite3
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from amphibus.clock import SystemClock
from amphibus.context import Context
from amphibus.database.postgres.connection import PostgresConnection
from amphibus.database.sqlite.connection import SqliteConnection
from amphibus.testing import Harness
from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, grown, until
from amphibus.testing.conformance.tables import ArchiveLine
from tests.conformance.transports import on_files

pytestmark = pytest.mark.asyncio
RUIN = ["sql", "commit", "rollback", "close"]
BY_OTHER_DOORS = [
    "connection commit",
    "connection rollback",
    "connection close",
    "connection invalidate",
    "statement COMMIT",
    "statement ROLLBACK",
    "bare COMMIT",
    "driver commit",
    "driver rollback",
]


async def test_while_one_subscriber_hangs_the_others_go_on(office: Office) -> None:
    """It hangs inside its transaction, the worst place."""
    async with office.open() as shop:
        await shop.send(desk.Write(book="a", line=0, mood="readers hold"))
        await until(lambda: office.script.held)
        await shop.send(*[desk.Write(book="b", line=n) for n in range(20)])
        await until(lambda: office.numbers("archive", "b", "heard") == list(range(20)))

        assert office.lines("readers") == []
        office.script.gate.set()
        await shop.settle()

    assert office.numbers("readers", "b") == list(range(20))


async def test_a_slow_module_bounds_what_is_in_memory(office: Office) -> None:
    """What it has not taken waits on a disk, the sender's or the broker's, however much it is."""
    window, many = 4, 300
    async with office.open(window=window) as shop:
        await _slow_readers(office, shop, many)
        await until(lambda: office.count("archive", "line") == 2 * (many + 1), patience=30)

        assert await office.waiting("desk", "readers") >= many - window
        assert shop.host.modules["readers"].receiver.in_flight <= 2 * window  # with repetitions
        assert _held(shop) <= window * 17
        office.script.gate.set()
        await until(lambda: office.count("readers", "line") == many + 1, patience=30)
        await shop.settle()


@pytest.mark.full
@pytest.mark.timeout(1800)
async def test_twenty_thousand_messages_to_a_slow_module_wait_on_the_disk(office: Office) -> None:
    """They are in the sender's outbox as if a day had brought them."""
    window, many = 256, 20_000
    async with office.open():
        pass
    office.change(
        "desk", _MANY_EVENTS.format(SystemClock().now(), office.databases.bytes_type), many
    )
    for name in ("archive", "readers"):
        office.change("desk", _TO_DELIVER, name)
    async with office.open(window=window, handler_timeout_seconds=1000.0) as shop:
        await grown(lambda: office.count("archive", "line"), many)

        # Over a broker those of another partition may come before the one that holds.
        assert office.count("readers", "line") <= 2 * window
        assert shop.host.modules["readers"].receiver.in_flight <= 2 * window  # with repetitions
        assert _held(shop) <= window * 17
        office.script.gate.set()
        await grown(lambda: office.count("readers", "line"), many)
        await shop.settle()


_MANY_EVENTS = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
    INSERT INTO amphibus_outbox (id, type, source, key, time, correlation, trace, reply, body)
    SELECT 'm' || i, 'desk.Written.v1', 'desk', 'b' || i, {} + i, 'm' || i, '', 0,
        CAST('{{"book": "b' || i || '", "line": ' || i || ', "mood": "'
            || CASE i WHEN 1 THEN 'readers hold' ELSE '' END || '"}}' AS {})
    FROM n
"""
_TO_DELIVER = "INSERT INTO amphibus_delivery (destination, seq) SELECT ?, seq FROM amphibus_outbox"


@pytest.mark.parametrize("how", [*RUIN, *BY_OTHER_DOORS])
async def test_a_handler_that_ruins_its_transaction_harms_only_itself(
    office: Office, how: str
) -> None:
    """Those that share its commit are handled all the same, once."""
    async with office.open(max_attempts=3, quick_retries=2) as shop:
        await shop.send(
            *[desk.Write(book=f"b{n}", line=n, mood=how if n == 10 else "") for n in range(20)]
        )
        await shop.settle()

        (letter,) = shop.dead("desk")
        assert letter["attempts"] == 3
        assert {row["attempts"] for row in shop.inbox("desk")} == {1}

    good = [n for n in range(20) if n != 10]
    assert sorted(line for _, line, _ in office.lines("desk")) == good
    assert sorted(line for _, line, what in office.lines("archive") if what == "filed") == good
    assert sorted(line for _, line, _ in office.lines("readers")) == good


@pytest.mark.parametrize("how", RUIN)
async def test_after_a_ruined_transaction_the_handler_itself_can_succeed(
    office: Office, how: str
) -> None:
    async with office.open(max_attempts=1) as shop:
        identity = await shop.send(desk.Guard(book="b", line=1, mood=how))
        await shop.settle()
        assert [each["id"] for each in shop.dead("desk")] == [identity]
        await shop.send(desk.Write(book="c", line=2))
        await shop.settle()

    assert office.numbers("desk", "c") == [2]
    assert office.numbers("archive", "c", "filed") == [2]


async def test_a_handler_cannot_change_its_connection_for_those_after_it(office: Office) -> None:
    """A table that lives as long as the connection would hide the real one from every later handler."""

    async def hear(message: desk.Written, context: Context[Any]) -> None:
        if message.mood:
            hiding = text("CREATE TEMPORARY TABLE line (book TEXT)")
            await (await context.db.connection()).execute(hiding)
        context.db.add(ArchiveLine(book=message.book, line=message.line, what="heard", late=False))

    async with office.open(business=project(hear=hear), max_attempts=1) as shop:
        for line in range(4):
            await shop.publish(desk.Written(book="b", line=line, mood="hides" if line == 1 else ""))
        await shop.settle()

        (letter,) = shop.dead("archive")
        assert letter["error"].startswith("OutlivesHandler: ")

    assert office.numbers("archive", "b") == [0, 2, 3]


async def test_a_handler_may_take_back_a_part_of_what_it_did(office: Office) -> None:
    """What it did before and after stays, and it has not failed."""

    async def hear(message: desk.Written, context: Context[Any]) -> None:
        lines: tuple[Any, ...] = (1, None, 3)
        for line in lines:
            with contextlib.suppress(IntegrityError):
                async with context.db.begin_nested():
                    kept = ArchiveLine(book=message.book, line=line, what="heard", late=False)
                    context.db.add(kept)
                    await context.db.flush()

    async with office.open(business=project(hear=hear)) as shop:
        await shop.publish(desk.Written(book="b", line=0))
        await shop.settle()

        assert [row["attempts"] for row in shop.inbox("archive")] == [1]

    assert office.numbers("archive", "b") == [1, 3]


@on_files  # a server gives a lock to a row, not to all that a module has
async def test_a_file_that_another_program_locks_holds_up_its_own_module_alone(
    office: Office,
) -> None:
    """Nobody is to blame, nothing is lost, and `/readyz` says which file it is."""
    async with office.open(max_attempts=1) as shop:
        store: Any = shop.host.modules["readers"].store
        locked = sqlite3.connect(office.data / "readers.db", isolation_level=None)
        locked.execute("BEGIN IMMEDIATE")
        await shop.send(*[desk.Write(book=f"b{n}", line=n) for n in range(6)])
        await until(lambda: office.count("archive", "line") == 12)
        await until(lambda: "database is locked" in shop.host.health.reasons().get("readers", ""))
        (patience,) = store.writer.raw.execute("PRAGMA busy_timeout").fetchone()
        assert patience < 100, "SQLite waits for that long within the event loop"
        locked.execute("ROLLBACK")
        locked.close()
        await shop.settle()

        assert shop.dead("readers") == shop.delayed("readers") == []

    assert sorted(line for _, line, _ in office.lines("readers")) == list(range(6))


async def test_a_module_that_fails_always_delays_no_other_key(office: Office) -> None:
    """Poison by the hundred, and what is well goes through."""
    async with office.open(max_attempts=3) as shop:
        for n in range(60):
            await shop.send(
                desk.Write(book=f"bad{n}", line=n, mood="broken"),
                desk.Write(book=f"good{n}", line=n),
            )
        await shop.settle()

        assert len(shop.delayed("desk")) + len(shop.dead("desk")) == 60

    assert office.count("readers", "line") == 60


async def _slow_readers(office: Office, shop: Harness, many: int) -> None:
    await shop.send(desk.Write(book="slow", line=0, mood="readers hold"))
    await until(lambda: office.script.held)
    for start in range(0, many, 200):
        await shop.send(
            *[desk.Write(book=f"b{n}", line=n) for n in range(start, min(start + 200, many))]
        )


def _held(shop: Harness) -> int:
    queues = shop.host.modules["desk"].relay._queues
    return max(queue.rows_held for queue in queues.values())


async def test_what_does_not_fit_into_a_commit_is_in_the_next(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for connection in (SqliteConnection, PostgresConnection):
        monkeypatch.setattr(connection, "slice_seconds", 0.0)
    async with office.open("archive", "readers") as shop:
        await shop.send(*[desk.Write(book=f"b{n}", line=n) for n in range(50)])
    async with office.open() as shop:
        await shop.settle()

    assert sorted(line for _, line, _ in office.lines("desk")) == list(range(50))
