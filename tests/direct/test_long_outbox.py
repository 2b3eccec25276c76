"""A sender that asks what has arrived reads a long outbox in pieces, and not at all where that was asked before."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final, cast

import pytest
import pytest_asyncio

from amphibus.clock import DAY, SystemClock
from amphibus.database.sqlite.store import SqliteStore
from amphibus.database.upkeep.awaited import note_asked_up_to
from amphibus.host.sending.arrival_question import ArrivalQuestion
from amphibus.host.sending.lost_messages import LostMessages
from amphibus.host.sending.routes import SenderRoutes
from amphibus.partitions.assignment import SingleInstance
from amphibus.routing.topology import Topology
from amphibus.supervision import Supervisor
from amphibus.telemetry.health import Health
from amphibus.transport import Transport
from amphibus.unit_of_work.isolation import Isolation
from amphibus.unit_of_work.writer import Writer

pytestmark = pytest.mark.asyncio
_MESSAGES: Final = 6_000
_AT_ONCE: Final = 500
_TO_ITSELF: Final = Topology({}, {"desk.Written.v1": "desk"}, {})
_OLD: Final = (
    "WITH RECURSIVE n(seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < ?)"
    " INSERT INTO amphibus_outbox (seq, id, type, source, key, time, correlation, trace, reply, body, asked)"
    " SELECT seq, 'm' || seq, 'desk.Written.v1', 'desk', 'b', ?, 'flow', '', 0, x'7b7d', 1 FROM n"
)


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """What the desk has said yesterday; everybody was asked about all of it, and has it."""
    made = SqliteStore("desk", tmp_path)
    await made.open()
    made.writer.raw.execute(_OLD, (_MESSAGES, SystemClock().now() - DAY))
    try:
        yield made
    finally:
        await made.close()


async def test_every_piece_that_is_read_lets_others_run(store: SqliteStore) -> None:
    assert await _turns(store) >= _MESSAGES / _AT_ONCE


async def test_an_idle_sender_reads_nothing_that_was_asked_about(store: SqliteStore) -> None:
    await note_asked_up_to(store.writer.sql, _MESSAGES)

    assert await _turns(store) < _MESSAGES / _AT_ONCE


async def _turns(store: SqliteStore) -> int:
    """How often others run while the desk is asked what it has got of itself."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    clock, assignment = SystemClock(), SingleInstance(1)
    routes = SenderRoutes(store, assignment, _TO_ITSELF)
    await routes.begin()
    counting = asyncio.create_task(count())
    question = ArrivalQuestion(
        "desk",
        store=store,
        transport=cast(Transport, None),
        clock=clock,
        body_limit=100_000,
        dedup_window=7 * DAY,
    )
    lost = LostMessages(
        store=store,
        assignment=assignment,
        writer=Writer(store, assignment, Isolation(), Supervisor(Health()), batch=1),
        question=question,
        routes=routes,
        clock=clock,
    )
    found: list[Any] = [each async for each in lost.put_in_line(["desk"])]
    counting.cancel()
    assert found == [{"desk": 0}]
    return turns
