"""A type of message that is limited has no more under way than it may, and holds up nobody else."""

import pytest

from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until

pytestmark = pytest.mark.asyncio


async def test_a_limited_type_has_so_many_under_way_and_others_go_on(office: Office) -> None:
    async with office.open(business=project(calls={"at_most": 2})) as shop:
        held = [desk.Call(book=f"b{line}", line=line, mood="outside hold") for line in range(6)]
        await shop.send(*held, desk.Guard(book="other", line=1))
        await until(lambda: office.script.held == 2 and office.numbers("desk", "other") == [1])
        under_way = len(office.script.outside_results), office.script.held
        office.script.gate.set()
        await shop.settle()

    assert under_way == (0, 2)
    assert sorted(office.lines("desk")) == [
        *((f"b{line}", line, "called") for line in range(6)),
        ("other", 1, "guarded"),
    ]


async def test_a_limited_type_keeps_the_order_of_each_key(office: Office) -> None:
    """Beside messages of its key that are not limited."""
    async with office.open(business=project(calls={"at_most": 1, "rate": "500/s"})) as shop:
        for line in range(0, 12, 2):
            await shop.send(
                *(desk.Call(book=book, line=line) for book in "abc"),
                *(desk.Guard(book=book, line=line + 1) for book in "abc"),
            )
        await shop.settle()

    assert [office.numbers("desk", book) for book in "abc"] == [list(range(12))] * 3
