"""A process describes itself whatever becomes of its stores: that is when somebody looks."""

import sqlite3
from pathlib import Path

import pytest

from amphibus.messages.contracts.amphibus.v1 import DescribeProcess
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office

pytestmark = pytest.mark.asyncio


async def test_a_store_that_does_not_answer_hides_neither_the_process_nor_its_other_modules(
    tmp_path: Path,
) -> None:
    """Its numbers are those that it gave last, and a reason says so."""
    async with Office("memory", tmp_path).open() as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()
        before = await shop.host.description(DescribeProcess(contracts=False))
        file = sqlite3.connect(tmp_path / "desk.db")
        file.execute("ALTER TABLE amphibus_timer RENAME TO elsewhere")
        file.close()
        try:
            said = await shop.host.description(DescribeProcess(contracts=False))
        finally:
            file = sqlite3.connect(tmp_path / "desk.db")
            file.execute("ALTER TABLE elsewhere RENAME TO amphibus_timer")
            file.close()

    assert "its numbers are older" in said.reasons["desk"]
    assert [each.name for each in said.modules] == [each.name for each in before.modules]
    assert [each.commits > 0 for each in said.modules if each.name == "desk"] == [True]
