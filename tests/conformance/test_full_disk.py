"""A disk that is full loses nothing, spends no attempt, and all goes on when there is room."""

import pytest

from amphibus.database.faults import is_store_failure
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until

pytestmark = pytest.mark.asyncio


async def test_a_module_without_room_waits_and_goes_on(office: Office) -> None:
    big = "x" * 20_000
    async with office.open(max_attempts=2, quick_retries=0) as shop:
        store = shop.host.modules["readers"].store
        await office.databases.fill(store)
        await shop.send(*[desk.Write(book=f"b{n}", line=n, mood=f"{big}") for n in range(5)])
        await until(lambda: office.count("archive", "line") == 10)
        assert office.count("readers", "line") < 5
        await office.databases.make_room(store)
        await shop.settle()

        assert shop.dead("readers") == shop.delayed("readers") == []
        assert {row["attempts"] for row in shop.inbox("readers")} == {1}

    assert sorted(line for _, line, _ in office.lines("readers")) == list(range(5))


async def test_a_sender_without_room_says_so_and_keeps_what_it_had(office: Office) -> None:
    async with office.open("archive") as shop:
        store = shop.host.modules["gateway"].store
        await shop.send(desk.Write(book="b", line=1))
        await office.databases.fill(store)
        with pytest.raises(Exception, match="full") as trouble:
            await shop.send(desk.Write(book="b", line=2, mood="x" * 20_000))
        assert is_store_failure(trouble.value)
        await office.databases.make_room(store)
        await shop.send(desk.Write(book="b", line=3))
    async with office.open() as shop:
        await shop.settle()

    assert office.numbers("desk", "b") == [1, 3]
    assert office.numbers("readers", "b") == [1, 3]
