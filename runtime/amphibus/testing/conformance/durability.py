"""Promise 1 and 3: nothing committed is lost, and accepted means durable."""

from functools import partial

import pytest

from amphibus.database.write_set import Row
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office
from amphibus.unit_of_work.transaction import Transaction

pytestmark = pytest.mark.asyncio


async def test_what_is_sent_reaches_its_handler_and_all_subscribers(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(*[desk.Write(book=f"b{n}", line=n) for n in range(20)])
        await shop.settle()

    assert sorted(office.numbers("desk", f"b{n}")[0] for n in range(20)) == list(range(20))
    assert sorted(line for _, line, what in office.lines("archive") if what == "heard") == list(
        range(20)
    )
    assert sorted(line for _, line, what in office.lines("archive") if what == "filed") == list(
        range(20)
    )
    assert sorted(line for _, line, _ in office.lines("readers")) == list(range(20))


async def test_when_send_returns_the_message_is_on_the_disk(office: Office) -> None:
    """A producer that was told 'accepted' never has to remember anything."""
    async with office.open("archive") as shop:
        await shop.send(desk.Write(book="b", line=1))

        assert office.query("gateway", "SELECT destination FROM amphibus_delivery") == [("desk",)]


async def test_what_waits_for_a_module_that_is_away_comes_when_it_is_back(office: Office) -> None:
    async with office.open("archive", "readers") as shop:
        await shop.send(*[desk.Write(book="b", line=n) for n in range(5)])
        await shop.settle()

    async with office.open() as shop:
        await shop.settle()

    assert office.numbers("desk", "b") == [0, 1, 2, 3, 4]
    assert office.numbers("readers", "b") == [0, 1, 2, 3, 4]


async def test_an_event_waits_for_each_of_its_subscribers_on_its_own(office: Office) -> None:
    """One subscriber that has it must not make the sender forget another that has not."""
    async with office.open("desk", "archive") as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()
    assert office.numbers("archive", "b", "heard") == [1]

    async with office.open() as shop:
        await shop.settle()

    assert office.numbers("readers", "b") == [1]
    assert office.numbers("archive", "b", "heard") == [1]
    assert office.count("desk", "amphibus_delivery") == 0


async def test_a_commit_reaches_the_disk_and_not_only_its_cache(office: Office) -> None:
    """Else a power cut takes back what was accepted."""
    async with office.open() as shop:
        for hosted in shop.host.modules.values():
            for asked, answer in office.databases.durable.items():
                found = await hosted.writer.submit(partial(_first_row, asked))
                assert found is not None
                assert str(found[0]) == answer


async def _first_row(asked: str, transaction: Transaction) -> Row | None:
    """Asks on the connection that commits, when it has time: it serves its writer alone."""
    return await transaction.sql.row(asked)
