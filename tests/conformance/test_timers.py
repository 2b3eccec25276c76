"""Deadlines of processes are durable: they outlive restarts, fire once, and not after they were cancelled."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from amphibus.admin import dead
from amphibus.clock import SystemClock
from amphibus.database.counts import waiting_counts
from amphibus.errors import Refused
from amphibus.messages.envelope import Envelope
from amphibus.process import Process
from amphibus.testing import Harness
from amphibus.testing.conformance.business import loan, project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until

pytestmark = pytest.mark.asyncio
MISSED = ("b", 0, "missed")


async def test_a_deadline_fires_when_it_is_due_and_not_before(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(desk.Lend(book="b"))
        await shop.settle()
        await shop.advance(days=7, hours=23)
        assert office.lines("readers") == []
        await shop.advance(hours=1, minutes=1)

        assert office.lines("readers") == [MISSED]
        await shop.advance(days=30)

    assert office.lines("readers") == [MISSED]
    assert office.count("desk", "amphibus_timer") == 0


async def test_it_fires_after_a_restart(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(desk.Lend(book="b"))
        await shop.settle()
    async with office.open() as shop:
        await shop.advance(days=9)

    assert office.lines("readers") == [MISSED]


async def test_it_does_not_fire_after_it_was_cancelled(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(desk.Lend(book="b"), desk.Return(book="b"))
        await shop.settle()
        assert office.count("desk", "amphibus_timer") == 0
        await shop.advance(days=9)

    assert office.lines("readers") == []
    assert office.query("desk", "SELECT state FROM loan") == [("returned",)]


async def test_a_deadline_that_fails_is_tried_again(office: Office) -> None:
    office.script.deadline_failures = 3
    async with office.open() as shop:
        await shop.send(desk.Lend(book="b"))
        await shop.settle()
        await shop.advance(days=9)
        assert [each["type"] for each in shop.delayed("desk")] == ["timer:loan/overdue"]
        assert office.script.deadline_failures == 2
        for _ in range(3):
            await shop.advance(minutes=6)

    assert office.lines("readers") == [MISSED]


async def test_a_deadline_that_leads_to_its_own_state_comes_again(office: Office) -> None:
    """A reminder: each time that it is due, it is armed anew."""
    async with office.open(business=project(lending=_lending(missed="lent"))) as shop:
        await shop.send(desk.Lend(book="b"))
        await shop.settle()
        for times in (1, 2, 3):
            await shop.advance(days=8, minutes=1)
            assert office.lines("readers") == [MISSED] * times
        await shop.send(desk.Return(book="b"))
        await shop.settle()

        assert office.count("desk", "amphibus_timer") == 0


async def test_a_message_does_not_put_off_a_deadline_of_the_same_name(office: Office) -> None:
    async with office.open(business=project(lending=_lending(renewed="lent"))) as shop:
        await shop.request(desk.Lend(book="b"))
        await shop.advance(days=7)
        await shop.request(desk.Renew(book="b"))
        await shop.advance(days=1, minutes=1)

        assert office.lines("readers") == [MISSED]


async def test_a_deadline_that_waits_for_its_retry_can_be_disarmed(office: Office) -> None:
    """The process leaves the state and comes back: another deadline is armed, and the old one is none."""
    office.script.deadline_failures = 1
    async with office.open(business=project(lending=_lending(again="lent"))) as shop:
        await shop.request(desk.Lend(book="b"))
        await shop.advance(days=9)
        assert [each["type"] for each in shop.delayed("desk")] == ["timer:loan/overdue"]
        assert await _timers(shop) == 0
        await shop.request(desk.Renew(book="b"))
        await shop.request(desk.Renew(book="b"))
        assert await _timers(shop) == 1
        await shop.advance(days=7)
        assert office.lines("readers") == []
        assert shop.delayed("desk") == []
        await shop.advance(days=2)

    assert office.lines("readers") == [MISSED]
    assert office.count("desk", "amphibus_timer") == 0


async def test_a_dead_deadline_can_be_tried_again_until_it_is_disarmed(office: Office) -> None:
    office.script.deadline_failures = 99
    async with office.open(max_attempts=1) as shop:
        for book in ("b", "c"):
            await shop.request(desk.Lend(book=book))
        await shop.advance(days=9)
        await shop.request(desk.Return(book="c"))
        stores = office.stores("desk")
        letters = await dead.found_at_rest(stores)
        office.script.deadline_failures = 0
        await dead.retry(stores, letters)
        shop.host.wake()
        await until(lambda: office.lines("readers") and not shop.delayed("desk"))
        await shop.settle()

    assert [each.type for each in letters] == ["timer:loan/overdue"] * 2
    assert office.lines("readers") == [MISSED]
    assert office.count("desk", "amphibus_timer") == 0


async def test_a_dead_deadline_that_is_given_up_leaves_nothing(office: Office) -> None:
    office.script.deadline_failures = 1
    async with office.open(max_attempts=1) as shop:
        await shop.request(desk.Lend(book="b"))
        await shop.advance(days=9)
        await shop.host.modules["desk"].retention.prune()
        assert office.count("desk", "amphibus_timer") == 1
        stores = office.stores("desk")
        await dead.discard(stores, await dead.found_at_rest(stores))
        await shop.host.modules["desk"].retention.prune()

    assert office.count("desk", "amphibus_timer") == 0


@pytest.mark.parametrize("transport", ["memory"], indirect=True)
async def test_a_message_that_says_it_is_a_deadline_runs_none(office: Office) -> None:
    """A broker checks who may send what; a deadline is one only if it is armed under that id."""
    forged = Envelope(
        id="forged",
        type="timer:loan/overdue",
        source="readers",
        key="b",
        time=SystemClock().now(),
        correlation="forged",
        causation=None,
        trace="",
        body=b"",
    )
    async with office.open() as shop:
        await shop.request(desk.Lend(book="b"))
        taken = asyncio.Event()
        shop.host.transport.deliver(("desk",), forged, taken.set)
        await asyncio.wait_for(taken.wait(), 100)
        await shop.settle()

    assert office.query("desk", "SELECT state FROM loan") == [("lent",)]


async def _timers(shop: Harness) -> int:
    return (await waiting_counts(shop.host.modules["desk"].store.reader)).timers


async def test_a_reminder_without_a_pause_does_not_keep_its_module_busy(office: Office) -> None:
    """It comes again a second later, by the module's clock, which goes on while the test looks."""
    lending = _lending(missed="lent", after=timedelta())
    async with office.open(business=project(lending=lending)) as shop:
        began = shop.clock.now()
        await shop.send(desk.Lend(book="b"))
        await shop.settle()
        for seconds in (0.0, 0.5, 1.0):
            await shop.advance(seconds=seconds)
            seen = office.lines("readers")
            assert set(seen) == {MISSED}
            assert len(seen) <= 1 + (shop.clock.now() - began) // 1_000_000

        assert len(seen) >= 2


def _lending(
    *,
    missed: str = "missed",
    renewed: str = "renewed",
    again: str = "renewed",
    after: timedelta = timedelta(days=8),
) -> Process:
    """The loan with other states after its deadline, and after it was renewed, once and again."""
    lent, on_loan, *ends = loan.states
    assert lent.deadline is not None
    back, renew = lent.on
    states = (
        replace(
            lent,
            on=(back, replace(renew, to=renewed)),
            deadline=replace(lent.deadline, to=missed, after=lambda _: after),
        ),
        replace(on_loan, on=(back, replace(renew, to=again))),
        *ends,
    )
    reached = {"lent", "returned", missed, renewed}
    return replace(loan, states=tuple(each for each in states if each.name in reached))


async def test_a_deadline_that_no_longer_applies_ends_quietly(office: Office) -> None:
    async with office.open() as shop:
        office.change(
            "desk",
            "INSERT INTO amphibus_timer (name, key, due, id, correlation, trace)"
            " VALUES ('loan/overdue', 'nobody', 1, 't', 't', '')",
        )
        shop.host.wake()
        await until(lambda: office.count("desk", "amphibus_inbox") == 1)
        await shop.settle()

        assert shop.dead("desk") == shop.delayed("desk") == []

    assert office.count("desk", "amphibus_timer") == 0


async def test_a_process_refuses_what_its_state_has_no_case_for(office: Office) -> None:
    async with office.open() as shop:
        with pytest.raises(Refused, match="not lent"):
            await shop.request(desk.Return(book="b"))
        await shop.request(desk.Lend(book="b"))
        await shop.request(desk.Return(book="b"))
        with pytest.raises(Refused, match="not lent"):
            await shop.request(desk.Return(book="b"))

    assert office.query("desk", "SELECT state FROM loan") == [("returned",)]


async def test_what_begins_a_process_begins_it_once(office: Office) -> None:
    async with office.open() as shop:
        await shop.request(desk.Lend(book="b"))
        await shop.request(desk.Return(book="b"))
        await shop.request(desk.Lend(book="b"))

    assert office.query("desk", "SELECT state FROM loan") == [("returned",)]
