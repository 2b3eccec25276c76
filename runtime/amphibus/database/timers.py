"""Deadlines of processes. Every statement on `amphibus_timer` stands here."""

from typing import Final, NamedTuple

from amphibus.database.sql import Sql

ARM_TIMER: Final = (
    "INSERT INTO amphibus_timer (name, key, due, id, correlation, causation, trace, partition, extra)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name, key) DO UPDATE SET due = excluded.due,"
    " id = excluded.id, correlation = excluded.correlation, causation = excluded.causation,"
    " trace = excluded.trace, partition = excluded.partition, extra = excluded.extra"
)
DISARM_TIMER: Final = "DELETE FROM amphibus_timer WHERE name = ? AND key = ?"
NEVER: Final = 2**63 - 1
"""The due time of a timer whose message is delayed or dead: that one fires, if the timer is armed then."""
_WHERE_THIS_ONE: Final = "WHERE name = ? AND key = ? AND id = ?"
_THIS_ONE: Final = f"FROM amphibus_timer {_WHERE_THIS_ONE}"
_PRUNE: Final = (
    "DELETE FROM amphibus_timer WHERE id IN"
    f" (SELECT id FROM amphibus_timer AS t WHERE due = {NEVER}"
    " AND NOT EXISTS (SELECT 1 FROM amphibus_delayed AS m WHERE m.correlation = t.correlation AND m.id = t.id)"
    " AND NOT EXISTS (SELECT 1 FROM amphibus_dead AS m WHERE m.id = t.id) LIMIT ?)"
)


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
    extra: str | None = None
    """For whom it was armed, as the attributes of a message."""


async def timers_due(sql: Sql, now: int, *, limit: int, only: str) -> list[Timer]:
    """Timers whose time has come, longest due first; `only` narrows to some partitions."""
    rows = await sql.rows(
        "SELECT name, key, due, id, correlation, causation, trace, partition, extra"
        " FROM amphibus_timer"
        f" WHERE due <= ?{only} ORDER BY due LIMIT ?",
        now,
        limit,
    )
    return [Timer(*row) for row in rows]


async def never_due(sql: Sql, *, name: str, key: str, identity: str) -> None:
    """Leaves a timer to its message, which is delayed or dead."""
    await sql.run(f"UPDATE amphibus_timer SET due = {NEVER} {_WHERE_THIS_ONE}", name, key, identity)


async def prune_timers(sql: Sql, *, limit: int) -> int:
    """Removes timers that were left to a message which an operator gave up; returns how many."""
    return await sql.run(_PRUNE, limit)


async def is_timer_armed(sql: Sql, *, name: str, key: str, identity: str) -> bool:
    """Returns whether a timer is still armed as it was."""
    return await sql.row(f"SELECT 1 {_THIS_ONE}", name, key, identity) is not None


async def remove_timer(sql: Sql, *, name: str, key: str, identity: str) -> None:
    """Removes a timer, unless it was armed anew meanwhile."""
    await sql.run(f"DELETE {_THIS_ONE}", name, key, identity)


async def timers_named(sql: Sql, prefix: str) -> dict[str, int]:
    """Returns the names of timers that begin like that, each with how many there are."""
    rows = await sql.rows(
        "SELECT name, count(*) FROM amphibus_timer WHERE substr(name, 1, ?) = ?"
        " GROUP BY name ORDER BY name",
        len(prefix),
        prefix,
    )
    return {row[0]: row[1] for row in rows}


async def keys_of_timers(sql: Sql, name: str, *, limit: int) -> list[str]:
    """The keys of some timers of a name."""
    rows = await sql.rows(
        "SELECT key FROM amphibus_timer WHERE name = ? ORDER BY key LIMIT ?", name, limit
    )
    return [row[0] for row in rows]


async def rename_timers(sql: Sql, old: str, new: str) -> None:
    """Gives timers another name, and the messages of those that are delayed or dead; a newer one stays."""
    await sql.run(
        "DELETE FROM amphibus_timer WHERE name = ? AND key IN"
        " (SELECT key FROM amphibus_timer WHERE name = ?)",
        old,
        new,
    )
    await sql.run("UPDATE amphibus_timer SET name = ? WHERE name = ?", new, old)
    for table in ("amphibus_delayed", "amphibus_dead"):
        await sql.run(f"UPDATE {table} SET type = ? WHERE type = ?", f"timer:{new}", f"timer:{old}")


async def arm_if_missing(sql: Sql, timer: Timer) -> None:
    """Arms a timer, unless there is one of that name and key."""
    await sql.run(f"{ARM_TIMER.partition(' DO UPDATE')[0]} DO NOTHING", *timer)
