"""Sends the events of a module's log again, to one module that subscribes to them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from amphibus.admin.stores import AdminStore
from amphibus.database.acting.act_names import REPLAY_EVENTS
from amphibus.database.acting.audit import by as act_by
from amphibus.database.acting.audit import note_act
from amphibus.database.facts import begin_routes
from amphibus.database.inbox import is_handled
from amphibus.database.outbox import LoggedEvent, is_waited_for, logged_events, put_in_line
from amphibus.messages.contracts.amphibus.acting import Operator
from amphibus.partitions.assignment import partition_of

AT_ONCE: Final = 500
"""Events that are put in line in one transaction."""
_LOOKS: Final = 20
_PAUSE_SECONDS: Final = 0.05
"""A relay notes what has arrived this often, or with its next commit if that is sooner."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The events that a replay concerns."""

    events: tuple[tuple[int, int], ...]
    """Of each its number and its partition."""
    handled: int
    """Those that the receiver has handled before: it will change nothing for them."""
    first: int | None
    """When the oldest was sent, microseconds since the epoch."""
    types: tuple[str, ...] = ()


async def plan(
    log: AdminStore, inbox: AdminStore | None, *, types: Sequence[str], since: int
) -> Plan:
    """The events in a module's log of these types, sent at `since` or later.

    `inbox` is the receiver's database, or None where it has none yet.
    """
    async with log.reading() as sql:
        found = await logged_events(sql, types, since=since)
    handled = await _handled(inbox, found) if inbox is not None else 0
    events = tuple((each.seq, partition_of(each.key, each.id, log.partitions)) for each in found)
    return Plan(events, handled, found[0].time if found else None, tuple(types))


async def replay(
    log: AdminStore, destination: str, planned: Plan, by: Operator, reason: str = ""
) -> AsyncIterator[int]:
    """Puts the events of a plan in line for a destination; its relay takes them up within a second.

    An event that waits for that destination already is left as it is. Yields how many were put in
    line after each commit. The first of them notes in the audit who did it, and with how many.
    """
    await until_noted(log, destination, planned.events)
    for start in range(0, len(planned.events), AT_ONCE):
        yield await put_some_in_line(log, destination, planned, start, by, reason)


async def put_some_in_line(
    log: AdminStore, destination: str, planned: Plan, start: int, by: Operator, reason: str
) -> int:
    """Puts the next events of a plan in line, in one transaction, and returns how many.

    That of the first ones notes in the audit who did it, and with how many in all.
    """
    events = planned.events
    batch = events[start : start + AT_ONCE]
    async with log.writing() as sql:
        await begin_routes(sql, destination, planned.types, beyond=events[0][0] - 1)
        await put_in_line(sql, destination, batch)
        if not start:
            object_ = f"events to {destination}: {', '.join(planned.types)}"
            now = await log.now(sql)
            await note_act(sql, act_by(by, now, REPLAY_EVENTS, object_, reason, len(events)))
        await log.skip_number(sql)
    return len(batch)


async def until_noted(log: AdminStore, destination: str, events: Sequence[tuple[int, int]]) -> None:
    """Gives its relay the time to note what has arrived: that would be taken for waiting, and left out."""
    for _ in range(_LOOKS if events else 0):
        async with log.reading() as sql:
            if not await is_waited_for(sql, destination, up_to=events[-1][0]):
                return
        await asyncio.sleep(_PAUSE_SECONDS)


async def _handled(inbox: AdminStore, events: Sequence[LoggedEvent]) -> int:
    async with inbox.reading() as sql:
        return sum([await is_handled(sql, each.source, each.id) for each in events])
