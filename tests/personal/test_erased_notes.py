"""A person is found where pages change meanwhile, and erased in notes; whoever has a longer name is somebody else."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from amphibus.database.persons.bodies import Payload, Sought
from amphibus.database.persons.erasing import erase_accepted
from amphibus.database.persons.notes import erase_notes
from amphibus.database.persons.places import PAGE, accepted_rows, messages_of
from amphibus.database.schema.steps import statements_for_sqlite
from amphibus.database.sqlite.sql import SqliteSql
from amphibus.database.timers import NEVER

_JOSE = Sought("C-100", frozenset({"josé@example.org"}), "erased-1")
_LATER = (
    "INSERT INTO amphibus_later (name, recall_key, due, destination, partition, id, type, source, time,"
    " correlation, trace, reply) VALUES ('remind', ?, ?, 'orders', 0, ?, 'orders.Remind.v1', 'orders', 1, 'f', 't', 0)"
)
_DEADLINE = (
    "INSERT INTO amphibus_timer (name, key, due, id, correlation, trace, extra)"
    " VALUES ('pay', ?, ?, ?, 'f', 't', ?)"
)
_OPERATION = (
    "INSERT INTO amphibus_operation (id, kind, state, conditions, who, reason, began, upto, collected, total, done,"
    " skipped) VALUES ('o', 'retry', 'done', ?, 'ada', ?, 1, 1, 1, 1, 1, 0)"
)
_LETTER = (
    "INSERT INTO amphibus_operation_letter (operation, seq, id, source, key, time, died, state)"
    " VALUES ('o', ?, 'm', 'orders', ?, 1, 1, 'done')"
)


@pytest.fixture
def store() -> Iterator[SqliteSql]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as raw:
        for statement in statements_for_sqlite(0):
            raw.execute(statement)
        yield SqliteSql(raw)


@pytest.mark.asyncio
@pytest.mark.parametrize("at_once", [1, PAGE + 1])
async def test_what_is_sent_while_pages_are_read_hides_nothing_that_waits(
    store: SqliteSql, at_once: int
) -> None:
    """Commands of the first page leave before the second is asked for."""
    rows = [(f"k-{number}", 10 + number // at_once, f"m-{number}") for number in range(2 * PAGE)]
    await store.many(_LATER, rows)

    page, goes_on = await messages_of(store, "later", 0)
    assert goes_on is not None
    await store.run("DELETE FROM amphibus_later WHERE due <= ?", goes_on)
    found = [each.id for each in page]
    while goes_on is not None:
        page, goes_on = await messages_of(store, "later", goes_on)
        found += [each.id for each in page]

    assert found == [identity for _, _, identity in rows]


@pytest.mark.asyncio
async def test_deadlines_and_operations_keep_no_text_of_a_person(store: SqliteSql) -> None:
    """JSON of ours may escape it; whoever else stands there stays."""
    who = {"actor": "user:josé@example.org", "onbehalfof": "user:C-100"}
    other = {"actor": "user:C-1001"}
    await store.run(_DEADLINE, "C-100", NEVER, "a", json.dumps(who))
    await store.run(_DEADLINE, "C-1001", NEVER, "b", json.dumps(other))
    where = [{"field": "error", "comparison": "~", "value": "josé@example.org"}]
    await store.run(_OPERATION, json.dumps(where), "asked by C-100, not by C-1001")
    await store.many(_LETTER, [(1, "C-100"), (2, "C-1001")])

    await erase_notes(store, _JOSE)

    timers = await store.rows("SELECT key, extra FROM amphibus_timer ORDER BY id")
    operation = await store.row("SELECT conditions, reason FROM amphibus_operation")
    letters = await store.rows("SELECT key FROM amphibus_operation_letter ORDER BY seq")
    assert [key for key, _ in timers] == ["erased-1", "C-1001"]
    assert json.loads(timers[0][1]) == {
        "actor": "user:erased-1@erased.invalid",
        "onbehalfof": "user:erased-1",
    }
    assert json.loads(timers[1][1]) == other
    assert operation is not None
    assert json.loads(operation[0])[0]["value"] == "erased-1@erased.invalid"
    assert operation[1] == "asked by erased-1, not by C-1001"
    assert [key for (key,) in letters] == ["erased-1", "C-1001"]


@pytest.mark.asyncio
async def test_what_was_answered_to_somebody_with_a_longer_name_stays(store: SqliteSql) -> None:
    accepted = "INSERT INTO amphibus_accepted VALUES (?, 'm', x'00', ?, 202, ?, ?)"
    for number, name in enumerate(("C-100", "C-1001"), start=1):
        answer = json.dumps({"said": f"for {name}", "customer_id": name}).encode()
        await store.run(accepted, f"id {name}", number, f"/v1/customers/{name}", answer)
    page, _ = await accepted_rows(store, 0)

    assert await erase_accepted(store, page, _JOSE) == 1
    (erased, other), _ = await accepted_rows(store, 0)

    assert (erased.identity, erased.location) == ("id erased-1", "/v1/customers/erased-1")
    assert json.loads(erased.answer or b"") == {"said": "for erased-1", "customer_id": "erased-1"}
    assert other == page[1]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b'{"who": "C-100"}', True),
        (b'{"C-100": 1, "said": "of\\nC-100"}', True),
        (b'{"who": "C-1001", "said": "xC-100"}', False),
        (b"no JSON, of C-100x", True),
    ],
)
def test_a_letter_of_no_contract_names_whom_it_names(body: bytes, named: bool) -> None:
    """What cannot be read at all is taken to name anybody whose text is in it."""
    assert Payload(body, None).names(_JOSE) is named
