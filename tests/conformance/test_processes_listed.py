"""Where the processes stand that have not ended: seen from outside, and hurried on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from amphibus.admin.standing import Narrowed, standing, usual_times, waits_for
from amphibus.admin.views import View, at_rest
from amphibus.messages.contracts.amphibus.answers import ProcessStanding
from amphibus.messages.contracts.amphibus.v1 import CancelProcess, CountProcesses, ExpireProcess
from amphibus.testing import Harness
from amphibus.testing.conformance.business import loan, project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until
from tests.conformance.asking import asked

pytestmark = pytest.mark.asyncio
_MICROSECOND = timedelta(microseconds=1)


@asynccontextmanager
async def view_of(office: Office) -> AsyncIterator[View]:
    async with at_rest(office.stores("desk")) as views:
        yield views["desk"]


async def listed(office: Office, narrowed: Narrowed | None = None) -> list[ProcessStanding]:
    async with view_of(office) as view:
        return [each async for each in standing(view, loan, narrowed or Narrowed())]


async def test_a_process_is_listed_from_its_begin_to_its_end(office: Office) -> None:
    async with office.open() as shop:
        began = shop.host.clock.now()
        await shop.send(desk.Lend(book="a"), desk.Lend(book="b"))
        await shop.settle()
        both = await listed(office)
        await shop.advance(hours=2)
        await shop.request(desk.Renew(book="b"))
        await shop.settle()
        older = await listed(office, Narrowed(before=began + 3_600_000_000))
        renewed = await listed(office, Narrowed(states=("renewed",)))
        one = await listed(office, Narrowed(key="a"))
        await shop.send(desk.Return(book="a"), desk.Return(book="b"))
        await shop.settle()

    assert {each.key: each.state for each in both} == {"a": "lent", "b": "lent"}
    assert all(each.since >= began for each in both)
    assert [each.name for each in both[0].deadlines] == ["overdue"]
    assert both[0].deadlines[0].due - both[0].since == timedelta(days=8) // _MICROSECOND
    assert [each.key for each in older] == ["a"]
    assert [(each.key, each.deadlines) for each in renewed] == [("b", ())]
    assert [each.key for each in one] == ["a"]
    assert waits_for(loan, "lent") == ["desk.Return.v1", "desk.Renew.v1"]
    assert await listed(office) == []


async def test_a_state_that_a_process_stays_in_goes_on_counting(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(desk.Lend(book="a"))
        await shop.settle()
        await shop.request(desk.Renew(book="a"))
        await shop.settle()
        (before,) = await listed(office)
        await shop.advance(hours=1)
        await shop.request(desk.Renew(book="a"))
        await shop.settle()

    assert await listed(office) == [before]


async def test_a_step_that_writes_the_new_state_itself_ends_its_process(office: Office) -> None:
    """Else it would be listed where it no longer is, and told as stuck."""

    async def bring_back(_message: desk.Return, row: Any, _context: Any) -> None:
        row.state = "returned"

    lent, *others = loan.states
    back, *more = lent.on
    writing = replace(lent, on=(replace(back, do=bring_back), *more))
    lending = replace(loan, states=(writing, *others))
    async with office.open(business=project(lending=lending)) as shop:
        await shop.send(desk.Lend(book="a"), desk.Return(book="a"))
        await shop.settle()

    assert office.query("desk", "SELECT state FROM loan") == [("returned",)]
    assert await listed(office) == []


async def test_an_operator_lets_a_deadline_run_out(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(desk.Lend(book="a"), desk.Lend(book="b"))
        await shop.settle()
        reply = await _expire(shop, "a")
        nothing = await _expire(shop, "none")
        await until(lambda: [row[0] for row in office.query("desk", _STANDING)] == ["b"])
        states = dict(office.query("desk", "SELECT book, state FROM loan"))

    assert reply == b'{"names":["overdue"]}'
    assert nothing == b'{"names":[]}'
    assert states == {"a": "missed", "b": "lent"}


async def test_an_operator_cancels_one_by_the_command_of_its_module(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(desk.Lend(book="a"))
        await shop.settle()
        done, refused, unknown = [
            await asked(shop.host, CancelProcess(process=process, key=key, reason="a test"))
            for process, key in (("loan", "a"), ("loan", "none"), ("other", "a"))
        ]
        foreign = await asked(
            shop.host, CancelProcess(process="loan", key="a", reason="a test"), source="archive"
        )

    assert done.body == b'{"command":"desk.Return.v1"}'
    assert (refused.outcome, refused.code) == ("refused", "not_lent")
    assert (unknown.outcome, foreign.outcome) == ("failed", "refused")
    assert office.query("desk", "SELECT state FROM loan") == [("returned",)]
    assert await listed(office) == []


async def test_processes_are_counted_by_their_states(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(*(desk.Lend(book=each) for each in "abc"))
        await shop.settle()
        await shop.request(desk.Renew(book="c"))
        await shop.settle()
        metrics = (await shop.host.meters.exposition()).decode()
    async with view_of(office) as view:
        counts = (await view.ask(CountProcesses())).counts

    assert [(each.process, each.state, each.count) for each in counts] == [
        ("loan", "lent", 2),
        ("loan", "renewed", 1),
    ]
    assert 'amphibus_processes{module="desk",process="loan",state="lent"} 2.0' in metrics


async def test_what_is_usual_follows_from_those_that_went_on(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(*(desk.Lend(book=each) for each in "abc"))
        await shop.settle()
        await shop.advance(minutes=10)
        await shop.send(desk.Return(book="a"))
        await shop.settle()
    async with view_of(office) as view:
        usual = await usual_times(view, loan)

    assert 600_000_000 <= usual["lent"] < 660_000_000


async def _expire(shop: Harness, key: str) -> bytes:
    wanted = ExpireProcess(process="loan", key=key, deadlines=("overdue",), reason="a test")
    reply = await asked(shop.host, wanted)
    assert reply.outcome == "answered", reply
    return reply.body


_STANDING = "SELECT key FROM amphibus_process ORDER BY key"
