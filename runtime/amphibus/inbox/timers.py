"""Durable timers: a process's deadlines, in its module's database, fired as messages to itself."""

from collections.abc import Mapping
from datetime import datetime

from amphibus.clock import as_microseconds
from amphibus.database.sql import Sql
from amphibus.database.write_set import TimerKey, WriteSet
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_id, next_span
from amphibus.partitions.assignment import partition_of

PREFIX = "timer:"
"""The type of a timer's message is this and its name."""


def note_timers(
    write_set: WriteSet,
    timers: Mapping[TimerKey, datetime | None],
    cause: Envelope,
    partitions: int,
) -> int | None:
    """Arms and disarms timers with the commit; returns the earliest time that was set."""
    earliest: int | None = None
    for (name, key), due in timers.items():
        if due is None:
            write_set.timers[name, key] = None
            continue
        at = as_microseconds(due)
        partition = partition_of(key, "", partitions)
        row = (
            name,
            key,
            at,
            new_id(),
            cause.correlation,
            cause.id,
            next_span(cause.trace),
            partition,
        )
        write_set.timers[name, key] = row
        earliest = at if earliest is None else min(at, earliest)
    return earliest


async def timers_due(sql: Sql, module: str, now: int, *, limit: int, only: str) -> list[Envelope]:
    """Timers whose time has come, as messages of the module to itself."""
    rows = await sql.rows(
        "SELECT name, key, due, id, correlation, causation, trace FROM amphibus_timer"
        f" WHERE due <= ?{only} ORDER BY due LIMIT ?",
        now,
        limit,
    )
    return [
        Envelope(
            id=row[3],
            type=PREFIX + row[0],
            source=module,
            key=row[1],
            time=row[2],
            correlation=row[4],
            causation=row[5],
            trace=row[6],
            body=b"",
        )
        for row in rows
    ]


async def is_armed(sql: Sql, write_set: WriteSet, envelope: Envelope) -> bool:
    """Whether a timer that is due was not fired, armed anew or disarmed meanwhile, by this commit or one before."""
    name, key = envelope.type.removeprefix(PREFIX), envelope.key or ""
    if (name, key) in write_set.timers:
        return False
    row = await sql.row(
        "SELECT 1 FROM amphibus_timer WHERE name = ? AND key = ? AND id = ?", name, key, envelope.id
    )
    return row is not None


async def remove_timer(sql: Sql, envelope: Envelope) -> None:
    """Removes a timer that fired, unless it was armed anew meanwhile."""
    name = envelope.type.removeprefix(PREFIX)
    await sql.run(
        "DELETE FROM amphibus_timer WHERE name = ? AND key = ? AND id = ?",
        name,
        envelope.key,
        envelope.id,
    )
