"""Questions of history are answered by indexes, however long the history is."""

import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from itertools import count
from typing import Any, Final

import pytest

from amphibus.database import history
from amphibus.database.acting.dead import LetterPlace, dead_page
from amphibus.database.acting.groups import dead_groups
from amphibus.database.schema.steps import statements_for_sqlite
from amphibus.database.sql import Sql
from amphibus.database.sqlite.sql import SqliteSql
from amphibus.database.steering import processes
from amphibus.messages.contracts.amphibus.acting import Condition

pytestmark = pytest.mark.asyncio

_ROWS: Final = 100_000
_NUMBERS: Final = (
    f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {_ROWS})"
)
_MESSAGE: Final = (
    "'m-' || i, 'shelf.Sell.v1', 'gateway', 'k-' || (i / 4), i, 'f-' || (i / 4),"
    " CASE WHEN i % 4 THEN 'm-1' END, 'trace', 0, NULL, NULL"
)
_FILLS: Final = (
    f"INSERT INTO amphibus_outbox {_NUMBERS} SELECT i, {_MESSAGE}, 1 FROM n",
    f"INSERT INTO amphibus_inbox {_NUMBERS} SELECT i, {_MESSAGE}, i, i, 1, 'handled', NULL FROM n",
    f"INSERT INTO amphibus_delayed {_NUMBERS} SELECT i, 'o-' || i, {_MESSAGE}, i, 1, 1, i, 0, '', 0 FROM n",
    (
        f"INSERT INTO amphibus_dead {_NUMBERS} SELECT i, 'o-' || i, {_MESSAGE}, i, 4, i, 'failed', '', '', 0,"
        " 'Broken', 'modules/till/handlers.py ring', 'g' || (i % 50) FROM n"
    ),
    f"INSERT INTO amphibus_process {_NUMBERS} SELECT 'p', 'k-' || i, 's', i FROM n",
    f"INSERT INTO amphibus_timer {_NUMBERS} SELECT 'p/late', 'k-' || i, i, 't-' || i, 'f', NULL, '', 0, NULL FROM n",
)
_STEPS_AT_ONCE: Final = 10
_FEW_STEPS: Final = 10_000
"""Of SQLite's machine, which takes several for each row that it reads."""
Question = Callable[[Sql], Awaitable[Any]]
QUESTIONS: Final[dict[str, Question]] = {
    "what was handled last": lambda sql: history.handled_before(sql, 1 << 62, 0, limit=20),
    "what was sent last": lambda sql: history.sent_before(sql, 1 << 62, 0, limit=20),
    "what of some flows was last": lambda sql: history.last_activities(sql, ["f-7", "f-8"]),
    "the messages of some flows": lambda sql: history.messages_in_flows(sql, ["f-7", "f-8"]),
    "what one flow has sent": lambda sql: history.sent_in_flow(sql, "f-7", since=0),
    "where a message has not arrived": lambda sql: history.destinations_left(sql, 7),
    "what became of one flow": lambda sql: history.received_in_flow(sql, "f-7", since=0),
    "the flow of a key": lambda sql: history.flow_begun_with(sql, "k-24999", since=0),
    "the flow of a message": lambda sql: history.flow_of_message(sql, "m-99997", since=0),
    "the flow of a message of others": lambda sql: history.flow_of_message(sql, "x", since=0),
    "the first dead letters": lambda sql: _letters(sql, died=-1),
    "the next dead letters": lambda sql: _letters(sql, died=500),
    "dead letters of a type": lambda sql: _letters(sql, contract="shelf.Sell.v1"),
    "dead letters of a type of which there are none": lambda sql: _letters(sql, contract="x"),
    "processes that stand still longest": lambda sql: _standing(sql, key=None),
    "one process": lambda sql: _standing(sql, process="p", key="k-500"),
    "the deadlines of a process": lambda sql: processes.armed(sql, "p", "k-500", ["late"]),
    "the last steps": lambda sql: processes.steps_before(sql, 1 << 62, 0, limit=20),
    "one dead letter": lambda sql: _letters(sql, ids=["m-99997"]),
}


class _Explained(SqliteSql):
    """Runs each query and asks SQLite how."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        super().__init__(raw)
        self.steps: list[str] = []

    async def rows(self, statement: str, *values: Any) -> list[Any]:
        plan = self.raw.execute(f"EXPLAIN QUERY PLAN {statement}", values)
        self.steps += [step[3] for step in plan]
        return await super().rows(statement, *values)

    async def row(self, statement: str, *values: Any) -> Any:
        found = await self.rows(statement, *values)
        return found[0] if found else None


@pytest.fixture(scope="module")
def long_history() -> Iterator[sqlite3.Connection]:
    """A module's tables with 100,000 rows in each."""
    with closing(sqlite3.connect(":memory:")) as raw:
        for statement in (*statements_for_sqlite(0), *_FILLS):
            raw.execute(statement)
        yield raw


@pytest.mark.parametrize("question", QUESTIONS)
async def test_no_table_is_read_as_a_whole(question: str, long_history: sqlite3.Connection) -> None:
    sql, steps = _Explained(long_history), count()
    long_history.set_progress_handler(lambda: next(steps) < 0, _STEPS_AT_ONCE)

    await QUESTIONS[question](sql)

    long_history.set_progress_handler(None, 0)
    assert next(steps) * _STEPS_AT_ONCE < _FEW_STEPS
    assert sql.steps
    assert [step for step in sql.steps if not step.startswith(("SEARCH", "USE TEMP"))] == []
    assert all("USING" in step for step in sql.steps if step.startswith("SEARCH"))


@pytest.mark.parametrize(
    "where",
    [
        (),
        (Condition(field="type", comparison="=", value="shelf.Sell.v1"),),
        (Condition(field="died", comparison=">=", value="0"),),
    ],
)
async def test_groups_are_counted_from_an_index_alone(
    long_history: sqlite3.Connection, where: tuple[Condition, ...]
) -> None:
    sql = _Explained(long_history)
    found = await dead_groups(sql, where, limit=500)

    assert [each.letters for each in found] == [_ROWS // 50] * 50
    assert "COVERING INDEX amphibus_dead_fingerprint" in sql.steps[0]


@pytest.mark.parametrize(
    ("where", "letters"),
    [
        (Condition(field="key", comparison="=", value="k-5"), {1}),
        (Condition(field="error", comparison="~", value=""), {_ROWS // 50}),
    ],
)
async def test_letters_are_read_once_and_as_they_lie_where_no_index_has_what_is_asked(
    long_history: sqlite3.Connection, where: Condition, letters: set[int]
) -> None:
    """In the order of an index, each would be looked up by itself, which takes ten times as long."""
    sql = _Explained(long_history)
    found = await dead_groups(sql, (where,), limit=500)

    assert {each.letters for each in found} == letters
    assert sql.steps[0] == "SCAN amphibus_dead"


async def test_pages_hold_each_dead_letter_once(long_history: sqlite3.Connection) -> None:
    sql, found = SqliteSql(long_history), list[str]()
    place = LetterPlace(_ROWS - 1000, "m")
    while page := await dead_page(sql, after=place, limit=77):
        found += [each.id for each in page]
        place = LetterPlace(page[-1].died, page[-1].id)

    assert found == [f"m-{number}" for number in range(_ROWS - 1000, _ROWS + 1)]


async def _letters(sql: Sql, died: int = -1, **narrowed: Any) -> Any:
    return await dead_page(sql, after=LetterPlace(died, ""), limit=20, **narrowed)


async def _standing(sql: Sql, **narrowed: Any) -> Any:
    given: dict[str, Any] = {"process": None, "states": (), "key": None, "before": None}
    return await processes.processes_after(sql, (-1, "", ""), limit=20, **(given | narrowed))
