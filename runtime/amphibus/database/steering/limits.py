"""The limits that operators set for types of messages. Every statement on `amphibus_limit` stands here."""

from typing import Final, NamedTuple

from amphibus.database.sql import Sql

_TURN: Final = "waits for its turn: "
_SET: Final = (
    "INSERT INTO amphibus_limit (type, since, until, at_most, rate, reason) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (type) DO UPDATE SET since = excluded.since, until = excluded.until,"
    " at_most = excluded.at_most, rate = excluded.rate, reason = excluded.reason"
)
_LET_GO: Final = (
    "UPDATE amphibus_delayed SET due = ? WHERE seq IN (SELECT seq FROM amphibus_delayed"
    " WHERE error = ? AND due > ?{only} ORDER BY seq LIMIT ?)"
)


class LimitSet(NamedTuple):
    """The limits that an operator set for a type, since and until a time, microseconds since the epoch."""

    type: str
    since: int
    until: int | None
    at_most: int | None
    rate: str | None
    reason: str


async def limits_set(sql: Sql, now: int) -> list[LimitSet]:
    """Returns what is set now."""
    rows = await sql.rows(
        "SELECT type, since, until, at_most, rate, reason FROM amphibus_limit"
        " WHERE until IS NULL OR until > ? ORDER BY type",
        now,
    )
    return [LimitSet(*row) for row in rows]


async def set_limit(sql: Sql, wanted: LimitSet) -> None:
    """Sets the limits of a type, in place of those that were set before."""
    await sql.run("DELETE FROM amphibus_limit WHERE until <= ?", wanted.since)
    await sql.run(_SET, *wanted)


async def unset_limit(sql: Sql, type_: str) -> bool:
    """Takes back what was set for a type; returns whether anything was."""
    return await sql.run("DELETE FROM amphibus_limit WHERE type = ?", type_) > 0


def waits_for_its_turn(type_: str, value: str) -> str:
    """The error of a delayed message that waits for that alone."""
    return f"{_TURN}{type_}{f' {value}' if value else ''}"


async def waiting_for_turns(sql: Sql, types: frozenset[str], only: str) -> list[tuple[str, str]]:
    """Returns the types and values of which delayed messages wait for their turn; `only` narrows to partitions."""
    rows = await sql.rows(
        f"SELECT DISTINCT error FROM amphibus_delayed WHERE error LIKE ?{only}", f"{_TURN}%"
    )
    found = [row[0].removeprefix(_TURN).partition(" ") for row in rows]
    return [(type_, value) for type_, _, value in found if type_ in types]


async def let_go_of(sql: Sql, line: tuple[str, str], now: int, *, limit: int, only: str) -> int:
    """Makes the oldest delayed messages due that wait only for their turn; returns how many."""
    return await sql.run(_LET_GO.format(only=only), now, waits_for_its_turn(*line), now, limit)
