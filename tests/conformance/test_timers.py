"""Deadlines of processes are durable: they outlive restarts, fire once, and not after they were cancelled."""

import pytest

from amphibus.errors import Refused
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
