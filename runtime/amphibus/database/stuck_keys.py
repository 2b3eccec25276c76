"""Ordering keys whose messages would wait behind nothing: kept from coming about, and healed."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from amphibus.database.sql import Sql

_WINDOW: Final = """
    SELECT seq, ordering_key FROM amphibus_delayed WHERE due IS NULL AND seq > ? ORDER BY seq LIMIT ?
"""
_STUCK: Final = f"""
    SELECT DISTINCT ordering_key FROM ({_WINDOW}) AS waiting
    WHERE NOT EXISTS (
        SELECT 1 FROM amphibus_delayed ahead
        WHERE ahead.ordering_key = waiting.ordering_key AND ahead.due IS NOT NULL
    ) AND NOT EXISTS (
        SELECT 1 FROM amphibus_dead dead WHERE dead.ordering_key = waiting.ordering_key AND dead.blocks = 1
    )
"""


class Sweep(NamedTuple):
    """The result of one look for stuck keys found."""

    keys: Sequence[str]
    last: int
    """The row to go on after, or 0 where all were looked at."""


async def hold_place(sql: Sql, ordering_key: str) -> None:
    """Changes what a message is about to wait behind, so that nobody removes it unseen at this very moment.

    On a server two transactions may each see the state before the other: one would store a message behind a row that
    the other removes, with nobody left to release it. So they change the same row, and the later one is run again.
    """
    await sql.run(
        "UPDATE amphibus_delayed SET tries = tries"
        " WHERE seq = (SELECT min(seq) FROM amphibus_delayed WHERE ordering_key = ?)",
        ordering_key,
    )
    await sql.run(
        "UPDATE amphibus_dead SET blocks = blocks WHERE ordering_key = ? AND blocks = 1",
        ordering_key,
    )


async def find_stuck(sql: Sql, *, after: int, limit: int) -> Sweep:
    """Looks at some messages that wait behind others, oldest first; returns the keys of which none is due."""
    ((count, last),) = await sql.rows(
        f"SELECT count(*), max(seq) FROM ({_WINDOW}) AS waiting", after, limit
    )
    found = await sql.rows(_STUCK, after, limit)
    return Sweep([row[0] for row in found], last if count == limit else 0)


async def release_stuck(sql: Sql, ordering_key: str, now: int) -> None:
    """Makes the oldest message of a key due, if it still waits behind nothing."""
    await sql.run(
        "UPDATE amphibus_delayed SET due = ? WHERE due IS NULL"
        " AND seq = (SELECT min(seq) FROM amphibus_delayed WHERE ordering_key = ?) AND NOT EXISTS"
        " (SELECT 1 FROM amphibus_dead WHERE ordering_key = ? AND blocks = 1)",
        now,
        ordering_key,
        ordering_key,
    )
