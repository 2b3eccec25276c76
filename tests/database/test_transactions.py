"""Transactions that follow each other without a pause: each begins with the commit of the one before."""

from typing import Any

import pytest

from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office

pytestmark = pytest.mark.asyncio


async def test_a_failure_undoes_its_own_work_and_not_what_was_committed_before(
    office: Office,
) -> None:
    """The handler runs alone; its failure is noted in the transaction that it leaves behind."""
    said: list[str] = []
    async with office.open("archive") as shop:
        for n in range(6):
            await shop.send(desk.Write(book=f"b{n}", line=n, mood="broken" if n == 3 else ""))
    async with office.open("desk", batch=1, max_attempts=1) as shop:
        raw: Any = shop.host.modules["desk"].store.writer
        raw.raw.add_query_logger(lambda each: said.append(each.query))
        await shop.settle()

        (letter,) = shop.dead("desk")
        assert (letter["key"], letter["reason"], letter["attempts"]) == ("b3", "failed", 1)
        assert [row["key"] for row in shop.inbox("desk")] == ["b0", "b1", "b2", "b4", "b5"]

    assert [line for _, line, _ in office.lines("desk")] == [0, 1, 2, 4, 5]
    bounds = [each for each in said if each.startswith(("BEGIN", "COMMIT", "ROLLBACK"))]
    undone = bounds.index("ROLLBACK AND CHAIN")
    assert bounds[undone - 1 : undone + 2] == [
        "COMMIT AND CHAIN",
        "ROLLBACK AND CHAIN",
        "COMMIT AND CHAIN",
    ]
