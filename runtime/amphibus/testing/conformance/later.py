"""Commands that a handler sends later are durable, come once when they are due, and can be recalled until then."""

import pytest

from amphibus.testing.conformance.contracts.archive import v1 as archive
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office

pytestmark = pytest.mark.asyncio


async def test_a_later_command_comes_when_it_is_due_and_not_before(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(desk.Remind(book="b", line=1, minutes=60), message_id="root")
        await shop.settle()
        await shop.advance(minutes=59)
        assert office.lines("archive") == []
        await shop.advance(minutes=2)

        assert office.numbers("archive", "b", "filed") == [1]
        (sent,) = [each for each in shop.outgoing() if each.type == archive.File.contract_type]
        assert (sent.correlation, sent.causation) == ("root", "root")
        await shop.advance(days=1)
        assert shop.later("desk") == []

    assert office.numbers("archive", "b", "filed") == [1]


async def test_a_later_command_outlives_a_restart(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(desk.Remind(book="b", line=1, minutes=60))
        await shop.settle()
        (waiting,) = shop.later("desk")
    async with office.open() as shop:
        assert shop.later("desk") == [waiting]
        await shop.advance(minutes=61)
        sent = [each.id for each in shop.outgoing() if each.type == archive.File.contract_type]

    assert office.numbers("archive", "b", "filed") == [1]
    assert sent == [waiting["id"]]


async def test_a_module_may_send_itself_a_command_later(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(desk.Remind(book="b", lend=True, minutes=60))
        await shop.settle()
        assert office.query("desk", "SELECT state FROM loan") == []
        await shop.advance(minutes=61)

    assert office.query("desk", "SELECT state FROM loan") == [("lent",)]


async def test_a_later_command_that_was_recalled_never_comes(office: Office) -> None:
    async with office.open() as shop:
        for book in ("b", "c"):
            await shop.send(desk.Remind(book=book, line=1, minutes=60, name="reminder"))
        await shop.send(desk.Remind(book="c", name="reminder", recall=True))
        await shop.settle()
        await shop.advance(minutes=61)
        await shop.request(desk.Remind(book="b", name="reminder", recall=True))

    assert office.numbers("archive", "b", "filed") == [1]
    assert office.numbers("archive", "c", "filed") == []


async def test_a_second_one_of_the_same_name_and_key_takes_the_place_of_the_first(
    office: Office,
) -> None:
    async with office.open() as shop:
        for line, minutes in ((1, 60), (2, 120)):
            await shop.send(desk.Remind(book="b", line=line, minutes=minutes, name="reminder"))
        for line in (3, 4):
            await shop.send(desk.Remind(book="b", line=line, minutes=60))
        await shop.settle()
        assert len(shop.later("desk")) == 3
        await shop.advance(minutes=61)
        assert office.numbers("archive", "b", "filed") == [3, 4]
        await shop.advance(minutes=60)

    assert office.numbers("archive", "b", "filed") == [3, 4, 2]


async def test_a_handler_that_fails_sends_nothing_later_and_recalls_nothing(office: Office) -> None:
    async with office.open(max_attempts=1, quick_retries=0) as shop:
        await shop.send(desk.Remind(book="b", line=1, minutes=60, name="reminder"))
        await shop.send(desk.Remind(book="b", name="reminder", recall=True, mood="broken"))
        await shop.send(desk.Remind(book="b", line=2, minutes=60, mood="broken"))
        await shop.settle()
        await shop.advance(minutes=61)

        assert len(shop.dead("desk")) == 2

    assert office.numbers("archive", "b", "filed") == [1]
