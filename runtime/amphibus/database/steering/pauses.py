"""The pauses of a module and of types of messages to it. Every statement on `amphibus_pause` stands here."""

from typing import Final, NamedTuple

from amphibus.database.sql import Sql

WHOLE_MODULE: Final = ""
"""Stands for all types."""
PAUSED: Final = "its type is paused"
"""The error of a delayed message that waits for that alone."""
MODULE_PAUSED: Final = "its module is paused"
"""The same where all types are."""
_PAUSE: Final = (
    "INSERT INTO amphibus_pause (type, since, until, reason) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (type) DO UPDATE SET until = excluded.until, reason = excluded.reason"
)


class Pause(NamedTuple):
    """One type, or all, since and until a time, microseconds since the epoch."""

    type: str
    since: int
    until: int | None
    reason: str


async def pauses(sql: Sql, now: int) -> list[Pause]:
    """Returns what is paused now."""
    rows = await sql.rows(
        "SELECT type, since, until, reason FROM amphibus_pause"
        " WHERE until IS NULL OR until > ? ORDER BY type",
        now,
    )
    return [Pause(*row) for row in rows]


async def pause(sql: Sql, wanted: Pause) -> None:
    """Pauses a type, or all; one that is paused already gets another end and another reason."""
    await sql.run("DELETE FROM amphibus_pause WHERE until <= ?", wanted.since)
    await sql.run(_PAUSE, *wanted)


async def resume(sql: Sql, type_: str) -> bool:
    """Lets a type go on, or the module; returns whether it was paused."""
    return await sql.run("DELETE FROM amphibus_pause WHERE type = ?", type_) > 0


async def let_go(sql: Sql, type_: str, now: int) -> int:
    """Makes the delayed messages due that wait only because their type was paused; returns how many."""
    return await sql.run(
        "UPDATE amphibus_delayed SET due = ? WHERE type = ? AND error = ? AND due > ?",
        now,
        type_,
        PAUSED,
        now,
    )
