"""The standing of the schedules of a module. Every statement on `amphibus_schedule` stands here.

Their times are declared on the front page; a row says which of them is the next, and which was the last.
"""

from typing import Final, NamedTuple

from amphibus.database.sql import Sql

_COLUMNS: Final = "name, plan, next, last, missed, paused, reason, asked"
_ROW: Final = f"INSERT INTO amphibus_schedule ({_COLUMNS}) VALUES (?, '', NULL, NULL, 0, ?, ?, ?)"
_ARM: Final = (
    f"INSERT INTO amphibus_schedule ({_COLUMNS}) VALUES (?, ?, ?, NULL, 0, NULL, '', NULL)"
    " ON CONFLICT (name) DO UPDATE SET plan = excluded.plan, next = excluded.next"
)
_PAUSE: Final = (
    f"{_ROW} ON CONFLICT (name) DO UPDATE SET reason = excluded.reason,"
    " paused = COALESCE(amphibus_schedule.paused, excluded.paused)"
)
_ASK: Final = f"{_ROW} ON CONFLICT (name) DO UPDATE SET asked = excluded.asked"


class ScheduleRow(NamedTuple):
    """The standing of a schedule; times are microseconds since the epoch."""

    name: str
    plan: str
    """Its times, as they were declared when it was armed."""
    next: int | None
    """None until it is armed."""
    last: int | None
    """The last time that got a command."""
    missed: int
    """The times that got none."""
    paused: int | None
    """Since when, if it is."""
    reason: str
    asked: int | None
    """When an operator asked for a command by hand, until it is sent."""


async def schedules(sql: Sql) -> list[ScheduleRow]:
    """Returns where all of them stand."""
    rows = await sql.rows(f"SELECT {_COLUMNS} FROM amphibus_schedule ORDER BY name")
    return [ScheduleRow(*row) for row in rows]


async def arm(sql: Sql, name: str, plan: str, due: int | None) -> None:
    """Sets the next time of a schedule; without one it is not armed."""
    await sql.run(_ARM, name, plan, due)


async def move_on(
    sql: Sql, before: ScheduleRow, *, due: int, last: int | None, missed: int
) -> bool:
    """Goes on to the next time; returns False if somebody else did, or paused it meanwhile."""
    return (
        await sql.run(
            "UPDATE amphibus_schedule SET next = ?, last = ?, missed = missed + ?"
            " WHERE name = ? AND next = ? AND plan = ? AND paused IS NULL",
            due,
            last,
            missed,
            before.name,
            before.next,
            before.plan,
        )
        > 0
    )


async def answer_ask(sql: Sql, name: str, asked: int) -> bool:
    """Notes that a command was sent by hand; returns False if it was before."""
    return (
        await sql.run(
            "UPDATE amphibus_schedule SET asked = NULL, last = ? WHERE name = ? AND asked = ?",
            asked,
            name,
            asked,
        )
        > 0
    )


async def pause_schedule(sql: Sql, name: str, now: int, reason: str) -> None:
    """Lets a schedule send nothing; one that is paused already gets another reason."""
    await sql.run(_PAUSE, name, now, reason, None)


async def resume_schedule(sql: Sql, name: str) -> None:
    """Lets a schedule go on, with the first time from now on: a pause leaves nothing to make up for."""
    await sql.run(
        "UPDATE amphibus_schedule SET paused = NULL, reason = '', next = NULL"
        " WHERE name = ? AND paused IS NOT NULL",
        name,
    )


async def ask_for_one(sql: Sql, name: str, now: int) -> None:
    """Asks for a command by hand."""
    await sql.run(_ASK, name, None, "", now)
