"""A backlog leaves the outbox piece by piece, however many destinations each message has."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from amphibus.config.settings import BusSettings
from amphibus.database.envelope_rows import columns_of
from amphibus.database.outbox import INSERT_OUTBOX
from amphibus.database.sql import Identified, Sql
from amphibus.database.sqlite.store import SqliteStore
from amphibus.database.write_set import Row
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_trace
from amphibus.outbox import acks
from amphibus.outbox.delivery_queue import DeliveryQueue, OutboxMessage
from amphibus.outbox.reader import OutboxReader
from amphibus.outbox.relay import Relay
from amphibus.partitions.assignment import LeaseToken, SingleInstance
from amphibus.supervision import Supervisor
from amphibus.telemetry.health import Health
from amphibus.testing.conformance.office import until
from amphibus.transport import Transport
from amphibus.unit_of_work.isolation import Isolation
from amphibus.unit_of_work.writer import Writer

pytestmark = pytest.mark.asyncio
_HEARERS = ("archive", "readers", "reporting", "search")
_MESSAGES = 60


class _Broker:
    """One route to all destinations, as a broker has; it confirms what it is given at once, or when a test says so."""

    def __init__(self, *, confirms: bool) -> None:
        self._confirms = confirms
        self.unconfirmed: list[Callable[[], None]] = []
        self.turns = 0
        self.taken: list[tuple[str, int]] = []
        """The id of each message, and the turn of the event loop at which it came."""

    def routes(self, destinations: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
        return [("broker", destinations)]

    def is_reachable(self, _route: str) -> bool:
        return True

    def deliver(
        self, _destinations: tuple[str, ...], envelope: Envelope, ack: Callable[[], None]
    ) -> None:
        self.taken.append((envelope.id, self.turns))
        if self._confirms:
            ack()
        else:
            self.unconfirmed.append(ack)

    async def count_turns(self) -> None:
        while True:
            self.turns += 1
            await asyncio.sleep(0)


class _Lease(SingleInstance):
    """The lease of the only partition, which a test takes away and gives back."""

    def __init__(self) -> None:
        super().__init__(1)
        self.token = 1
        """The one that the database has."""
        self._held = 1

    def lease_token(self, partition: int) -> LeaseToken:  # type: ignore[override]
        return partition, self._held

    async def check(
        self, sql: Sql, messages: Sequence[Identified] = ()
    ) -> tuple[frozenset[LeaseToken], list[Row | None]]:
        _, prior_outcomes = await super().check(sql, messages)
        return frozenset({(0, self.token)}), prior_outcomes

    def come_back(self) -> None:
        """Was another instance's in the meantime."""
        part, nothing = self.owned, frozenset[int]()
        self.owned, self._held = nothing, 0
        self._tell(nothing, part)
        self.token += 2
        self.owned, self._held = part, self.token
        self._tell(part, nothing)

    def _tell(self, gained: frozenset[int], lost: frozenset[int]) -> None:
        for each in self.on_change:
            each(gained, lost)


@asynccontextmanager
async def _backlog(folder: Path) -> AsyncIterator[SqliteStore]:
    """Messages that each go to several destinations, and have waited for a while."""
    store = SqliteStore("desk", folder)
    await store.open()
    for number in range(_MESSAGES):
        cursor = store.writer.raw.execute(INSERT_OUTBOX, columns_of(_envelope(number)))
        rows = [(hearer, cursor.lastrowid, 0) for hearer in _HEARERS]
        store.writer.raw.executemany("INSERT INTO amphibus_delivery VALUES (?, ?, ?)", rows)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def _relaying(
    store: SqliteStore, broker: _Broker, lease: _Lease | None = None
) -> AsyncIterator[tuple[Writer, Relay]]:
    """A relay, and a writer that is not started yet, while the turns of the loop are counted."""
    counting = asyncio.create_task(broker.count_turns())
    supervisor = Supervisor(Health())
    assignment = lease or SingleInstance(1)
    writer = Writer(store, assignment, Isolation(), supervisor, batch=64)
    relay = Relay(
        "desk",
        store=store,
        assignment=assignment,
        writer=writer,
        transport=cast(Transport, broker),
        settings=BusSettings(window=1, poll_seconds=60),
        supervisor=supervisor,
        tell_stalled=lambda _why: None,
    )
    await relay.start()
    try:
        yield writer, relay
    finally:
        await relay.stop()
        await writer.stop()
        counting.cancel()


def _envelope(number: int) -> Envelope:
    return Envelope(
        id=f"m{number:02}",
        type="desk.Written.v1",
        source="desk",
        key=f"b{number}",
        time=number,
        correlation="flow",
        causation=None,
        trace=new_trace(),
        body=b"{}",
    )


@pytest.mark.parametrize("room", [1, 8])
async def test_each_piece_that_is_read_brings_messages_that_are_not_in_memory(
    tmp_path: Path, room: int
) -> None:
    """A limit counts rows, of which each message has several."""
    transport = cast(Transport, _Broker(confirms=False))
    queue = DeliveryQueue("broker", 1000)
    async with _backlog(tmp_path) as store:
        reader = OutboxReader(store, SingleInstance(1), transport)
        while queue.behind:
            queue.begin_reading()
            items, complete = await reader.oldest("broker", room, beyond=queue.rows_held)
            assert queue.end_reading(items, settled=set(), complete=complete)

    assert [item.seq for item in queue.take_ready()] == list(range(1, _MESSAGES + 1))


async def test_nothing_more_leaves_while_too_much_that_arrived_cannot_be_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that can be read and not written would have its whole outbox delivered, and all of it in memory."""
    monkeypatch.setattr(acks, "_MOST", 4 * len(_HEARERS))
    broker = _Broker(confirms=True)
    async with _backlog(tmp_path) as store, _relaying(store, broker) as (writer, _):
        await until(lambda: broker.turns > 2_000)
        assert len(broker.taken) == 4

        await writer.start()
        await until(lambda: len(broker.taken) == _MESSAGES)


async def test_a_reading_that_brings_nothing_new_says_so() -> None:
    queue = DeliveryQueue("broker", 4)
    item = OutboxMessage(1, _envelope(1), _HEARERS)
    read: list[bool] = []
    for _ in range(2):
        queue.begin_reading()
        read.append(queue.end_reading([item], settled=set(), complete=False))

    assert read == [True, False]


async def test_a_backlog_leaves_without_keeping_the_event_loop_to_itself(tmp_path: Path) -> None:
    """Neither a file nor a broker that confirms at once ever suspends the task that empties the outbox."""
    broker = _Broker(confirms=True)
    async with _backlog(tmp_path) as store, _relaying(store, broker) as (writer, relay):
        await writer.start()
        await until(lambda: len(broker.taken) == _MESSAGES)
        await relay.stop()
        await relay.drain()
        left = _waiting(store)

    assert [identity for identity, _ in broker.taken] == [f"m{n:02}" for n in range(_MESSAGES)]
    assert len({turn for _, turn in broker.taken}) > 2
    assert left == 0


async def test_a_confirm_from_before_a_partition_was_given_away_counts_no_more(
    tmp_path: Path,
) -> None:
    """Another instance may have put the message in line again, since the broker had lost it."""
    broker, lease = _Broker(confirms=False), _Lease()
    async with _backlog(tmp_path) as store, _relaying(store, broker, lease) as (writer, relay):
        await writer.start()
        await until(lambda: broker.unconfirmed)
        lease.come_back()
        broker.unconfirmed[0]()
        await relay.drain()
        assert _waiting(store) == _MESSAGES * len(_HEARERS)
        await until(lambda: len(broker.taken) == 2)

    assert [identity for identity, _ in broker.taken] == ["m00", "m00"]


async def test_what_is_safe_and_was_not_written_down_before_a_partition_was_given_away_leaves_again(
    tmp_path: Path,
) -> None:
    """And before what follows it."""
    broker, lease = _Broker(confirms=False), _Lease()
    async with _backlog(tmp_path) as store, _relaying(store, broker, lease) as (writer, relay):
        await until(lambda: broker.unconfirmed)
        broker.unconfirmed[0]()
        await until(lambda: len(broker.taken) == 2)
        lease.come_back()
        await until(lambda: len(broker.taken) == 3)
        await writer.start()
        await relay.drain()
        assert _waiting(store) == _MESSAGES * len(_HEARERS)

    assert [identity for identity, _ in broker.taken] == ["m00", "m01", "m00"]


async def test_who_was_struck_off_and_does_not_know_it_takes_nothing_out_of_the_line_of_others(
    tmp_path: Path,
) -> None:
    broker, lease = _Broker(confirms=False), _Lease()
    async with _backlog(tmp_path) as store, _relaying(store, broker, lease) as (writer, relay):
        await until(lambda: broker.unconfirmed)
        broker.unconfirmed[0]()
        lease.token += 1
        await writer.start()
        await relay.drain()
        assert _waiting(store) == _MESSAGES * len(_HEARERS)


async def test_what_is_safe_is_written_down_before_a_partition_is_given_away(
    tmp_path: Path,
) -> None:
    broker, lease = _Broker(confirms=False), _Lease()
    async with _backlog(tmp_path) as store, _relaying(store, broker, lease) as (writer, relay):
        await until(lambda: broker.unconfirmed)
        broker.unconfirmed[0]()
        await until(lambda: len(broker.unconfirmed) == 2)
        lease.owned = frozenset()
        await writer.start()
        await relay.give_away(frozenset({0}))
        left = _waiting(store)
        broker.unconfirmed[1]()
        await relay.drain()

        assert left == _waiting(store) == (_MESSAGES - 1) * len(_HEARERS)


def _waiting(store: SqliteStore) -> int:
    row: Any = store.writer.raw.execute("SELECT count(*) FROM amphibus_delivery").fetchone()
    return int(row[0])
