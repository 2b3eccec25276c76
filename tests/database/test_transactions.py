"""Transactions that follow each other without a pause: each begins with the commit of the one before."""

from typing import Any

import pytest
from sqlalchemy import text

from amphibus.context import Context
from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until

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


@pytest.mark.parametrize(
    "statement",
    [
        "SET LOCAL statement_timeout = 10; SELECT pg_sleep(10)",
        "SELECT pg_cancel_backend(pg_backend_pid())",
        "DO $$ BEGIN RAISE lock_not_available; END $$",
        "DO $$ BEGIN RAISE object_not_in_prerequisite_state; END $$",
        "DO $$ BEGIN RAISE serialization_failure; END $$",
        "SET TRANSACTION READ ONLY; INSERT INTO line VALUES (9, 'b', 1, '', false)",
        "SELECT pg_terminate_backend(pg_backend_pid())",
    ],
)
async def test_a_handlers_own_statement_that_always_fails_is_a_failure_and_ends_dead(
    office: Office, statement: str
) -> None:
    """Whatever the server calls it: it is not the database that is in trouble."""

    async def hear(_message: desk.Written, context: Context[Any]) -> None:
        for each in statement.split("; ", 1) if "SET" in statement else [statement]:
            await (await context.db.connection()).execute(text(each))

    async with office.open(
        "archive", business=project(hear=hear), max_attempts=2, quick_retries=1
    ) as shop:
        await shop.publish(desk.Written(book="b", line=1))
        await until(lambda: shop.dead("archive"), patience=60)

        (letter,) = shop.dead("archive")
        assert (letter["reason"], letter["attempts"]) == ("failed", 2)
        assert "Error" in letter["error"]
