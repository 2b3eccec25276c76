"""What a query sees is one state of its module's database, and it changes nothing."""

import asyncio
import contextlib
from typing import Any

import pytest
from sqlalchemy import text

from amphibus.context import Context
from amphibus.errors import HandlerEnded, RequestFailed
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_id, new_trace
from amphibus.testing.conformance.business import pages, project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office
from amphibus.testing.conformance.tables import DeskLine

pytestmark = pytest.mark.asyncio
Errors = tuple[type[Exception], ...]
PASSED_OVER = pytest.mark.parametrize("passed_over", [(), (Exception,)], ids=["honest", "careless"])
"""What a query catches, to answer as if nothing had been."""


@PASSED_OVER
async def test_all_that_a_query_reads_is_of_one_state(office: Office, passed_over: Errors) -> None:
    """A write commits between two of its statements."""
    writes: list[int] = []

    async def answer(message: desk.Count, context: Context[Any]) -> desk.Counted:
        before = await pages(context, message.book)
        writes.append(len(writes))
        await shop.request(desk.Write(book="b", line=writes[-1]))
        after = -1
        with contextlib.suppress(*passed_over):
            after = await pages(context, message.book)
        return desk.Counted(lines=after - before)

    async with office.open(business=project(answer=answer)) as shop:
        for _ in range(2):  # what is learned of a query counts for the next
            assert await shop.ask(desk.Count(book="b")) == desk.Counted(lines=0)

    assert office.numbers("desk", "b") == writes


@pytest.mark.parametrize("reads", [0, 2])
@PASSED_OVER
async def test_a_query_cannot_write_however_much_it_has_read(
    office: Office, reads: int, passed_over: Errors
) -> None:
    """With its first statement it is alone, later it is in a transaction; others are answered as ever."""

    async def answer(message: desk.Count, context: Context[Any]) -> desk.Counted:
        for _ in range(reads):
            await pages(context, message.book)
        if message.mood == "scribble":
            with contextlib.suppress(*passed_over):
                context.db.add(DeskLine(book="b", line=0, what="", late=False))
                await context.db.flush()
        return desk.Counted(lines=reads)

    async with office.open(business=project(answer=answer)) as shop:
        for _ in range(2):
            with contextlib.nullcontext() if passed_over else pytest.raises(RequestFailed):
                await shop.ask(desk.Count(book="b", mood="scribble"))
            assert await shop.ask(desk.Count(book="b")) == desk.Counted(lines=reads)

    assert office.lines("desk") == []


async def test_a_query_cannot_make_its_connection_a_writers(office: Office) -> None:
    """Nor change it in another way: the next query works on it."""
    server = office.db_url is not None
    loosen = "SET default_transaction_read_only = off" if server else "PRAGMA query_only = OFF"

    async def answer(message: desk.Count, context: Context[Any]) -> desk.Counted:
        if message.mood == "loosen":
            await (await context.db.connection()).execute(text(loosen))
        if message.mood == "scribble":
            context.db.add(DeskLine(book="b", line=0, what="", late=False))
            await context.db.flush()
        return desk.Counted(lines=7)

    async with office.open(business=project(answer=answer)) as shop:
        for mood, why in (
            ("loosen", "OutlivesHandler"),
            ("scribble", "failed"),
            ("loosen", "Outlives"),
        ):
            with pytest.raises(RequestFailed, match=why):
                await shop.ask(desk.Count(book="b", mood=mood))
        assert await shop.ask(desk.Count(book="b")) == desk.Counted(lines=7)

    assert office.lines("desk") == []


async def test_a_task_that_outlives_its_query_is_refused(office: Office) -> None:
    """The connection is another query's by then."""
    gate = asyncio.Event()
    lingering: list[asyncio.Future[int]] = []

    async def linger(message: desk.Count, context: Context[Any]) -> int:
        await gate.wait()
        return await pages(context, message.book)

    async def answer(message: desk.Count, context: Context[Any]) -> desk.Counted:
        lingering.append(asyncio.ensure_future(linger(message, context)))
        return desk.Counted(lines=0)

    async with office.open(business=project(answer=answer)) as shop:
        await shop.ask(desk.Count(book="b"))
        gate.set()
        with pytest.raises(HandlerEnded):
            await lingering[0]


async def test_a_query_that_does_not_end_is_told_so_and_holds_up_no_other(office: Office) -> None:
    """Half of the turns are left to other types, and its connection comes back."""
    never = asyncio.Event()

    async def answer(message: desk.Count, context: Context[Any]) -> desk.Counted:
        before = await pages(context, message.book)
        if message.mood:
            await never.wait()
        return desk.Counted(lines=before)

    limits = {"bus.query_timeout_seconds": 0.3, "bus.query_concurrency": 2}
    async with office.open(business=project(answer=answer), settings=limits) as shop:
        for _ in range(3):
            with pytest.raises(RequestFailed, match="was not answered within"):
                await shop.ask(desk.Count(book="b", mood="slow"))
        assert await shop.ask(desk.Count(book="b")) == desk.Counted(lines=0)


async def test_a_stop_tells_who_asked_that_there_is_no_answer_now(office: Office) -> None:
    """Nothing was done: who needs the answer spends no attempt on it."""
    asked = asyncio.Event()

    async def answer(_message: desk.Count, _context: Context[Any]) -> desk.Counted:
        asked.set()
        await asyncio.Event().wait()
        return desk.Counted(lines=0)

    short = {"drain_seconds": 0.1}
    async with office.open(business=project(answer=answer), settings=short) as shop:
        receiver = shop.host.modules["desk"].receiver
        asking = asyncio.ensure_future(receiver.request(_count()))
        await asked.wait()
    reply = await asking

    assert (reply.outcome, reply.detail) == ("unavailable", "module desk is stopping")


def _count() -> Envelope:
    query = desk.Count(book="b")
    return Envelope(
        id=new_id(),
        type=query.contract_type,
        source="gateway",
        key=query.key_value(),
        time=0,
        correlation=new_id(),
        causation=None,
        trace=new_trace(),
        body=query.model_dump_json().encode(),
        reply=True,
    )
