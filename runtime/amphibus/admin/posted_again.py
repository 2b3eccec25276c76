"""Lets a webhook post events again that its endpoint has had: its inbox forgets them, then they are put in line.

In this order, so that a kill in between loses nothing: what is forgotten and not in line is an event that the endpoint
has not had, and the same command finds it again.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from amphibus.admin.replay import AT_ONCE, Plan, put_some_in_line, until_noted
from amphibus.admin.stores import AdminStore
from amphibus.database.acting.act_names import FORGET_POSTED
from amphibus.database.acting.audit import by, note_act
from amphibus.database.inbox import arrived, forget, handled_among
from amphibus.database.outbox import LoggedEvent, logged_events
from amphibus.messages.contracts.amphibus.acting import Operator
from amphibus.partitions.assignment import partition_of


@dataclass(frozen=True, slots=True)
class Again:
    """The events of one module that are posted again."""

    events: tuple[LoggedEvent, ...]
    types: tuple[str, ...]
    handled: frozenset[str]
    """The ids of those that the endpoint has had."""
    held: int
    """Those that wait for a retry or are dead: they are left to who looks after those."""

    @property
    def had(self) -> int:
        """Returns how many the endpoint has had."""
        return len(self.handled)


async def again(
    log: AdminStore,
    inbox: AdminStore,
    *,
    types: Sequence[str],
    since: int,
    until: int | None = None,
) -> Again:
    """Finds the events in a module's log of these types, sent between two times, oldest first."""
    async with log.reading() as sql:
        found = await logged_events(sql, types, since=since)
    found = [each for each in found if until is None or each.time <= until]
    handled: set[str] = set()
    there: set[str] = set()
    async with inbox.reading() as sql:
        for batch in _batches(found):
            ids = [each.id for each in batch]
            handled |= await handled_among(sql, batch[0].source, ids)
            there |= await arrived(sql, batch[0].source, ids)
    held = there - handled
    events = tuple(each for each in found if each.id not in held)
    return Again(events, tuple(types), frozenset(handled), len(held))


async def post_again(
    log: AdminStore,
    inbox: AdminStore,
    destination: str,
    planned: Again,
    operator: Operator,
    reason: str,
) -> AsyncIterator[int]:
    """Puts events in line for a webhook, to be posted as if for the first time. Yields how many, batch by batch.

    The first transaction in each of both stores notes in its audit who did it, and with how many in all.
    """
    events = planned.events
    places = tuple((each.seq, partition_of(each.key, each.id, log.partitions)) for each in events)
    line = Plan(places, planned.had, events[0].time if events else None, planned.types)
    await until_noted(log, destination, places)
    noted = False
    for start, batch in enumerate(_batches(events)):
        had = [each.id for each in batch if each.id in planned.handled]
        if had:
            async with inbox.writing() as sql:
                await forget(sql, batch[0].source, had)
                if not noted:
                    what = f"events: {', '.join(planned.types)}"
                    now = await inbox.now(sql)
                    await note_act(sql, by(operator, now, FORGET_POSTED, what, reason, planned.had))
            noted = True
        yield await put_some_in_line(log, destination, line, start * AT_ONCE, operator, reason)


def _batches(events: Sequence[LoggedEvent]) -> list[Sequence[LoggedEvent]]:
    return [events[start : start + AT_ONCE] for start in range(0, len(events), AT_ONCE)]
