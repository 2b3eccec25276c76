"""Partitions change hands: nobody works on one that another may have."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from zlib import crc32

import asyncpg
import pytest

from amphibus.clock import DatabaseClock, SystemClock
from amphibus.config.settings import load_settings
from amphibus.database.postgres.store import PostgresStore
from amphibus.host.host import Host
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_id, new_trace
from amphibus.partitions.assignment import DrainPartitions
from amphibus.partitions.leases import Leases
from amphibus.routing.codec import to_bytes
from amphibus.supervision import Supervisor
from amphibus.telemetry.health import Health
from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.moods import Script, container_with
from amphibus.testing.conformance.office import until

_COUNT = 4


@asynccontextmanager
async def _instance(url: str, drain: DrainPartitions | None = None) -> AsyncIterator[Leases]:
    store = PostgresStore("orders", url)
    await store.open()
    leases = Leases(
        store,
        count=_COUNT,
        transport="rabbitmq",
        supervisor=Supervisor(Health()),
        clock=DatabaseClock(),
        beat_seconds=0.05,
    )
    if drain is not None:
        leases.drain = drain
    await leases.start()
    try:
        yield leases
    finally:
        await leases.stop()
        await store.close()


async def _rows(url: str, statement: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(url, timeout=100)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


@pytest.mark.asyncio
async def test_a_partition_is_given_away_when_nothing_of_it_is_under_way_and_not_before(
    database: str,
) -> None:
    """Its consumers hear of it last: they let go at once of what is lost."""
    story: list[str] = []
    gate = asyncio.Event()

    async def drain(_parts: frozenset[int]) -> None:
        story.append("asked to be quiet")
        await gate.wait()
        story.append("quiet")

    async with _instance(database, drain) as first:
        first.on_change.append(lambda gained, lost: story.append(f"-{len(lost)} +{len(gained)}"))
        async with _instance(database) as second:
            await until(lambda: story)
            beats = "SELECT until FROM orders.amphibus_instance ORDER BY until"
            before = await _rows(database, beats)
            while set(before) & set(await _rows(database, beats)):
                assert not second.owned  # until each has looked again
            assert (len(first.owned), second.owned) == (2, frozenset())
            assert story == ["asked to be quiet"]

            gate.set()
            await until(lambda: len(second.owned) == 2)
            assert story == ["asked to be quiet", "quiet", "-2 +0"]


@pytest.mark.asyncio
@pytest.mark.parametrize("how", ["cancelled", "failed"])
async def test_a_partition_is_given_away_though_what_it_waited_for_ended(
    database: str, how: str
) -> None:
    """A connection to the broker that is lost ends all that waits for its answers."""
    tries: list[int] = []

    async def drain(_parts: frozenset[int]) -> None:
        tries.append(1)
        if len(tries) < 3:
            answer = asyncio.get_running_loop().create_future()
            answer.cancel() if how == "cancelled" else answer.set_exception(OSError())
            await answer

    async with _instance(database, drain), _instance(database) as second:
        await until(lambda: len(second.owned) == 2)
        assert len(tries) == 3


@asynccontextmanager
async def _desk(url: str, folder: Path, script: Script) -> AsyncIterator[Host]:
    business = project()
    flags = {"data_dir": folder, "db_url": url, "bus.partitions": _COUNT}
    settings = load_settings(business.root, flags=flags, environ={})
    host = Host(business, settings, ("desk",), containers={"desk": container_with(script)})
    await host.start()
    try:
        yield host
    finally:
        script.gate.set()
        await host.stop()


def _envelope(message: desk.Call) -> Envelope:
    return Envelope(
        id=new_id(),
        type=desk.Call.contract_type,
        source="gateway",
        key=message.book,
        time=SystemClock().now(),
        correlation="flow",
        causation=None,
        trace=new_trace(),
        body=to_bytes(message),
    )


def _book_in(part: int) -> str:
    return next(book for book in "abcdefghijklmnop" if crc32(book.encode()) % _COUNT == part)


@pytest.mark.asyncio
async def test_what_was_taken_as_the_holder_of_a_partition_is_not_done_after_its_loss(
    database: str, tmp_path: Path
) -> None:
    """The instance is alive and has other partitions: those go on."""
    script, safe = Script(), list[int]()
    async with _desk(database, tmp_path, script) as host:
        receiver = host.modules["desk"].receiver
        for part in range(_COUNT):
            call = desk.Call(book=_book_in(part), line=part, mood="outside hold")
            receiver.take(_envelope(call), partial(safe.append, part), part)
        await until(lambda: script.held == _COUNT)
        await _rows(
            database,
            "INSERT INTO desk.amphibus_instance VALUES ('other', 'memory', 9e15::bigint)",
        )
        await _rows(
            database,
            "UPDATE desk.amphibus_lease SET owner = 'other', token = token + 1 WHERE partition < 2",
        )
        script.gate.set()
        await until(lambda: not receiver.in_flight)
        found = await _rows(database, "SELECT line FROM desk.line ORDER BY line")

    assert found == [(2,), (3,)]
    assert sorted(safe) == [2, 3]


@pytest.mark.asyncio
async def test_a_partition_is_quiet_when_all_that_came_by_it_is_done_with(
    database: str, tmp_path: Path
) -> None:
    script = Script()
    async with _desk(database, tmp_path, script) as host:
        receiver = host.modules["desk"].receiver
        for line in (1, 2):
            call = desk.Call(book=_book_in(3), line=line, mood="outside hold" * (line == 1))
            receiver.take(_envelope(call), lambda: None, 3)
        await until(lambda: script.held)
        drain = asyncio.ensure_future(host.modules["desk"].assignment.drain(frozenset({3})))
        await host.modules["desk"].assignment.drain(frozenset({0, 1, 2}))
        assert not (await asyncio.wait((drain,), timeout=0.2))[0]

        script.gate.set()
        await drain
        found = await _rows(database, "SELECT line FROM desk.line ORDER BY line")

    assert found == [(1,), (2,)]


@pytest.mark.asyncio
async def test_in_one_process_too_a_partition_is_given_away_when_its_messages_are_done_with(
    database: str, tmp_path: Path
) -> None:
    script, safe = Script(), list[int]()
    async with _desk(database, tmp_path, script) as host:
        call = desk.Call(book=_book_in(3), line=1, mood="outside hold")
        host.transport.deliver(("desk",), _envelope(call), partial(safe.append, 1))
        await until(lambda: script.held)
        drain = asyncio.ensure_future(host.modules["desk"].assignment.drain(frozenset({3})))
        await host.modules["desk"].assignment.drain(frozenset({0, 1, 2}))
        assert not (await asyncio.wait((drain,), timeout=0.2))[0]

        script.gate.set()
        await drain

    assert safe == [1]


@pytest.mark.asyncio
async def test_in_one_process_what_was_taken_under_a_lost_lease_is_taken_again(
    database: str, tmp_path: Path
) -> None:
    """Nobody else would get it: its sender's outbox is read here."""
    script, safe = Script(), list[int]()
    async with _desk(database, tmp_path, script) as host:
        assignment = host.modules["desk"].assignment
        lost = asyncio.Event()
        assignment.on_change.append(lambda _gained, gone: lost.set() if gone else None)
        for part in range(_COUNT):
            call = desk.Call(book=_book_in(part), line=part, mood="outside hold")
            host.transport.deliver(("desk",), _envelope(call), partial(safe.append, part))
        await until(lambda: script.held == _COUNT)
        await _rows(database, "UPDATE desk.amphibus_lease SET owner = NULL")
        await _rows(database, "DELETE FROM desk.amphibus_instance")
        await asyncio.wait_for(lost.wait(), 100)
        script.gate.set()
        await until(lambda: len(safe) == _COUNT)
        found = await _rows(database, "SELECT line FROM desk.line ORDER BY line")

    assert found == [(0,), (1,), (2,), (3,)]
    assert sorted(safe) == [0, 1, 2, 3]
