"""Durable timers: a process's deadlines, in its module's database, fired as messages to itself."""

from collections.abc import Mapping
from datetime import datetime

from amphibus.access.principal import as_timer, carried
from amphibus.clock import as_microseconds
from amphibus.database import timers
from amphibus.database.envelope_rows import attributes_in, text_of
from amphibus.database.sql import Sql
from amphibus.database.write_set import TimerKey, WriteSet
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_id
from amphibus.partitions.assignment import partition_of

PREFIX = "timer:"
"""The type of a timer's message is this and its name."""


def note_timers(
    write_set: WriteSet,
    wanted: Mapping[TimerKey, datetime | None],
    cause: Envelope,
    partitions: int,
) -> int | None:
    """Arms and disarms timers with the commit; returns the earliest time that was set."""
    earliest: int | None = None
    for (name, key), due in wanted.items():
        if due is None:
            write_set.timers[name, key] = None
            continue
        at = as_microseconds(due)
        partition = partition_of(key, "", partitions)
        write_set.timers[name, key] = timers.Timer(
            name,
            key,
            at,
            new_id(),
            cause.correlation,
            cause.id,
            cause.trace,
            partition,
            text_of(carried(cause.extra)),
        )
        earliest = at if earliest is None else min(at, earliest)
    return earliest


async def timers_due(sql: Sql, module: str, now: int, *, limit: int, only: str) -> list[Envelope]:
    """Timers whose time has come, as messages of the module to itself."""
    return [
        Envelope(
            id=timer.id,
            type=PREFIX + timer.name,
            source=module,
            key=timer.key,
            time=timer.due,
            correlation=timer.correlation,
            causation=timer.causation,
            trace=timer.trace,
            body=b"",
            extra=as_timer(attributes_in(timer.extra), module),
        )
        for timer in await timers.timers_due(sql, now, limit=limit, only=only)
    ]


async def is_armed(sql: Sql, write_set: WriteSet, envelope: Envelope) -> bool:
    """Returns whether a due timer is still armed as it was, and was not fired, by this commit or one before."""
    name, key = envelope.type.removeprefix(PREFIX), envelope.key or ""
    if (name, key) in write_set.timers:
        return False
    return await timers.is_timer_armed(sql, name=name, key=key, identity=envelope.id)


async def leave_timer(sql: Sql, envelope: Envelope) -> None:
    """Leaves a timer to its message, which is delayed or dead, so that the process can still disarm it."""
    name = envelope.type.removeprefix(PREFIX)
    await timers.never_due(sql, name=name, key=envelope.key or "", identity=envelope.id)


async def remove_timer(sql: Sql, envelope: Envelope) -> None:
    """Removes a timer that fired, unless it was armed anew meanwhile."""
    name = envelope.type.removeprefix(PREFIX)
    await timers.remove_timer(sql, name=name, key=envelope.key or "", identity=envelope.id)
