"""The language of `--where`: what it finds, and what it says of what it does not understand."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from amphibus.cli.dead.where import conditions
from amphibus.cli.output import CommandError
from amphibus.database.acting.conditions import narrowing
from amphibus.database.schema.steps import statements_for_sqlite

_LETTER = (
    "INSERT INTO amphibus_dead (ordering_key, id, type, source, key, time, correlation, trace, reply, received,"
    " attempts, died, reason, error, traceback, blocks, exception, frame, fingerprint) VALUES"
    " ('', ?, ?, 'gateway', ?, 1, 'f', '', 0, 1, ?, ?, 'failed', ?, '', 0, ?, 'modules/till/handlers.py ring', 'ab')"
)
_LETTERS = (
    ("m-1", "shelf.Sell.v1", "k-1", 8, 1_735_689_600_000_000, "Timeout: 100% of it", "Timeout"),
    ("m-2", "shelf.Sell.v1", None, 1, 1_735_776_000_000_000, "Broken: it_broke or so", "Broken"),
    ("m-3", "shelf.Sold.v1", "k-3", 8, 1_735_862_400_000_000, "Broken: O'Brien said no", "Broken"),
)


@pytest.fixture(scope="module")
def letters() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as raw:
        for statement in statements_for_sqlite(0):
            raw.execute(statement)
        raw.executemany(_LETTER, _LETTERS)
        yield raw


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("type=shelf.Sell.v1", "12"),
        ("type = shelf.Sell.v1 and error~TIMEOUT", "1"),
        ("type=shelf.Sell.v1 AND error!~timeout", "2"),
        ("error~'100%'", "1"),
        ("error~it_broke", "2"),
        ("error~it%", ""),
        ("""error~"O'Brien said" && exception!=Timeout""", "3"),
        (r"error~'O\'Brien'", "3"),
        ("error~'it_broke or so'", "2"),
        ("key!=k-1", "23"),
        ("attempts>=8 and died>2025-01-02", "3"),
        ("died<2025-01-02T00:00:00Z", "1"),
        ("group=ab and frame~till", "123"),
        ('id="m-1\' OR 1=1 --"', ""),
    ],
)
def test_conditions_find_what_a_person_means(
    where: str, found: str, letters: sqlite3.Connection
) -> None:
    narrowed = narrowing(conditions(where))
    statement = f"SELECT id FROM amphibus_dead WHERE 1 = 1{narrowed.sql} ORDER BY id"

    assert "".join(row[0][2:] for row in letters.execute(statement, narrowed.values)) == found


@pytest.mark.parametrize(
    ("where", "what", "why"),
    [
        ("", "--where ends too early", "fields are type, key"),
        ("type=a and", "--where ends too early", "a condition is a field"),
        ("tpye=a", "no field tpye", "did you mean type?"),
        ("type", "not understood at 'type'", "a condition is a field"),
        ("type=a or type=b", "--where knows no 'or'", "all its conditions must be met"),
        ("error~timed out", "not understood at 'out'", "a value with spaces stands in quotes"),
        ("error~'timed", "not understood at 'error~'timed'", "in quotes"),
        ("error<5", "error cannot be compared by <", "a text: = != ~ !~"),
        ("attempts~5", "attempts cannot be compared by ~", "a number"),
        ("attempts=many", "attempts=many cannot be asked", "such as 8"),
        ("died>yesterday", "'yesterday' is no time", "2h"),
        (f"error~{'x' * 501}", "cannot be asked", "500"),
        ("error~'a\x1bb'", "cannot be asked", "pattern"),
        ("type=a; DROP TABLE x", "not understood at 'DROP", "joined by 'and'"),
    ],
)
def test_what_is_not_understood_is_said_with_its_place(where: str, what: str, why: str) -> None:
    with pytest.raises(CommandError) as refused:
        conditions(where)

    assert what in refused.value.what
    assert why in refused.value.why
    assert refused.value.code == 2
