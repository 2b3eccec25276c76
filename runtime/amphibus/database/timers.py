"""Deadlines of processes. Every statement on `amphibus_timer` stands here."""

from typing import Final, NamedTuple

from amphibus.database.sql import Sql

ARM_TIMER: Final = (
    "INSERT INTO amphibus_timer (name, key, due, id, correlation, causation, trace, partition)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name, key) DO UPDATE SET due = excluded.due,"
    " id = excluded.id, correlation = excluded.correlation, causation = excluded.causation,"
    " trace = excluded.trace"
)
DISARM_TIMER: Final = "DELETE FROM amphibus_timer WHERE name = ? AND key = ?"
_THIS_ONE: Final = "FROM amphibus_timer WHERE name = ? AND key = ? AND id = ?"


class Timer(NamedTuple):
    """An armed timer, in the order of its table's columns."""

    name: str
    key: str
    due: int
    id: str
    correlation: str
    causation: str | None
    trace: str
    partition: int


async def timers_due(sql: Sql, now: int, *, limit: int, only: str) -> list[Timer]:
    """Timers whose time has come, longest due first; `only` narrows to some partitions."""
    rows = await sql.rows(
        "SELECT name, key, due, id, correlation, causation, trace, partition FROM amphibus_timer"
        f" WHERE due <= ?{only} ORDER BY due LIMIT ?",
        now,
        limit,
    )
    return [Timer(*row) for row in rows]


async def is_timer_armed(sql: Sql, *, name: str, key: str, identity: str) -> bool:
    """Returns whether a timer is still armed as it was."""
    return await sql.row(f"SELECT 1 {_THIS_ONE}", name, key, identity) is not None


async def remove_timer(sql: Sql, *, name: str, key: str, identity: str) -> None:
    """Removes a timer, unless it was armed anew meanwhile."""
    await sql.run(f"DELETE {_THIS_ONE}", name, key, identity)
