"""Permits of instances to have so many under way at once, and turns, one after the other.

Every statement on `amphibus_permit` and `amphibus_turn` stands here. Whoever runs them is alone meanwhile.
"""

from typing import Final, NamedTuple

from amphibus.database.sql import Sql

Line = tuple[str, str]
"""A type, and a digest of that for which each its limit counts; empty where it counts for all."""
_HOLD: Final = (
    "INSERT INTO amphibus_permit (type, value, holder, held, wanted, until) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (type, value, holder) DO UPDATE SET held = excluded.held, wanted = excluded.wanted,"
    " until = excluded.until"
)
_TAKE: Final = (
    "INSERT INTO amphibus_turn (type, value, last) VALUES (?, ?, ?)"
    " ON CONFLICT (type, value) DO UPDATE SET last = excluded.last"
)


class Held(NamedTuple):
    """The permits of one instance for one line."""

    line: Line
    holder: str
    held: int
    wanted: int


async def permits(sql: Sql, now: int) -> list[Held]:
    """Returns all that are valid, in the order of their holders, and forgets the others."""
    await sql.run("DELETE FROM amphibus_permit WHERE until < ?", now)
    rows = await sql.rows(
        "SELECT type, value, holder, held, wanted FROM amphibus_permit ORDER BY holder"
    )
    return [Held((row[0], row[1]), *row[2:]) for row in rows]


async def hold(sql: Sql, permit: Held, until: int) -> None:
    """Writes down how many an instance holds; one that holds and wants none is forgotten."""
    if permit.held or permit.wanted:
        await sql.run(_HOLD, *permit.line, permit.holder, permit.held, permit.wanted, until)
    else:
        await sql.run(
            "DELETE FROM amphibus_permit WHERE type = ? AND value = ? AND holder = ?",
            *permit.line,
            permit.holder,
        )


async def give_back(sql: Sql, holder: str) -> None:
    """Gives back all that an instance holds."""
    await sql.run("DELETE FROM amphibus_permit WHERE holder = ?", holder)


async def last_turn(sql: Sql, line: Line) -> int | None:
    """Returns the last turn that was taken, microseconds since the epoch."""
    row = await sql.row("SELECT last FROM amphibus_turn WHERE type = ? AND value = ?", *line)
    return None if row is None else int(row[0])


async def take_turns(sql: Sql, line: Line, last: int) -> None:
    """Writes down the last turn that is taken now."""
    await sql.run(_TAKE, *line, last)


async def forget_turns(sql: Sql, before: int) -> None:
    """Forgets turns that are so long ago that they hold up nobody."""
    await sql.run("DELETE FROM amphibus_turn WHERE last < ?", before)
