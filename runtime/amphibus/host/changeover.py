"""Leads the messages of one sender past a broker that is away, and back; in order per receiver and key, both times.

A message may follow another one of its key only where the one before is safe. What was given to a broker may
be lost with it. So before anything goes directly, all that is under way is taken back, each receiver is asked what
has arrived of what the broker was given, and the rest waits in line again, under its old numbers. On the way
back, what is not acknowledged is taken back too, and goes to the broker before what follows it.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from functools import partial
from typing import Any, Final

import structlog

from amphibus.admin.under_way import routes_in
from amphibus.clock import SECOND, Clock
from amphibus.database.facts import behind_noted, note_behind
from amphibus.database.outbox import (
    HandedOver,
    destinations_waited_for,
    numbered_from,
    put_in_line,
)
from amphibus.database.store import Store
from amphibus.database.upkeep.awaited import (
    asked_up_to,
    handed_over_awaited,
    handed_over_unasked,
)
from amphibus.errors import RequestError
from amphibus.failpoints import failpoint
from amphibus.host.arrival_question import ArrivalQuestion
from amphibus.outbox.relay import Relay
from amphibus.partitions.assignment import PartitionAssignment, partition_of
from amphibus.routing.topology import Topology
from amphibus.supervision import Supervisor
from amphibus.transport import Bypass
from amphibus.unit_of_work.transaction import Transaction
from amphibus.unit_of_work.writer import Writer

_log: Any = structlog.get_logger()
_LOOK_SECONDS: Final = 1.0
_PAGE: Final = 500
_LATEST_COMMIT: Final = 600 * SECOND
"""So long after its time a message is committed at the latest."""


class Changeover:
    """A `Service`: the way of one sender's messages. Nothing leaves for a receiver that is being asked."""

    def __init__(
        self,
        module: str,
        *,
        store: Store,
        assignment: PartitionAssignment,
        writer: Writer,
        relay: Relay,
        bypass: Bypass,
        question: ArrivalQuestion,
        topology: Topology,
        clock: Clock,
        on_change: Callable[[str, str], None],
        supervisor: Supervisor,
    ) -> None:
        self._module = module
        self._store = store
        self._assignment = assignment
        self._writer = writer
        self._relay = relay
        self._bypass = bypass
        self._question = question
        self._topology = topology
        self._clock = clock
        self._on_change = on_change
        self._task = supervisor.task(f"way:{module}", self._work)
        self._wake = asyncio.Event()
        self._behind: frozenset[str] = frozenset()
        """The receivers that may lack what the broker was given. Nothing is sent to them before they were asked."""
        self._direct: frozenset[str] = frozenset()
        """Those to which messages go directly."""
        self._rounds = 0
        self._unread = True
        """Partitions have come of which it is not known yet who has to be asked."""
        self._noted: dict[int, frozenset[str]] = {}
        """By partition: the receivers that the database says have to be asked."""
        self._since = 0.0

    async def start(self) -> None:
        """Begins to follow the broker; asks at once, if a process before this one did not come to its end."""
        if self._task.running:
            return
        self._bypass.on_change.append(self._wake.set)
        self._assignment.on_change.append(self._changed_hands)
        self._relay.hold()
        await self._read_notes()
        await self._task.start()

    async def started(self) -> None:
        """Returns once it follows."""
        await self._task.started()

    async def stop(self) -> None:
        """Ends; what was going directly is not changed by it."""
        await self._task.stop()

    async def _work(self) -> None:
        while True:
            failpoint("task.changeover")
            self._wake.clear()
            try:
                await self._look()
                self._store.health.recovered("way")
            except Exception as error:  # noqa: BLE001 - the database may be away for a while
                self._store.health.failed("way", error)
            at_work = self._bypass.wanted or self._behind or self._direct or self._unread
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS if at_work else None):
                    await self._wake.wait()

    async def _look(self) -> None:
        if self._unread:
            await self._read_notes()
        if not self._bypass.wanted and self._direct:
            self._go_back()
        if self._bypass.wanted and (found := await self._reachable()):
            await self._note(self._assignment.owned, self._behind.union(found))
            self._begin(found)
        if self._behind:
            await self._catch_up()

    async def _reachable(self) -> list[str]:
        """Returns the receivers that messages could go to directly, and do not yet."""
        waiting = await destinations_waited_for(self._store.reader)
        receivers = {self._module, *self._topology.receivers(self._module), *waiting}
        names = sorted(receivers - self._direct - self._behind)
        reached = await asyncio.gather(
            *(self._bypass.reaches(self._module, name) for name in names)
        )
        return [name for name, there in zip(names, reached, strict=True) if there]

    def _begin(self, receivers: Collection[str]) -> None:
        """Takes back all that is under way, and lets nothing leave for these receivers until they were asked."""
        self._behind |= frozenset(receivers)
        self._direct -= self._behind
        self._rounds += 1
        self._take_back()
        failpoint("way.taken_back")

    def _go_back(self) -> None:
        """Gives everything to the broker again; what is not safe at its receiver goes there first."""
        self._direct = frozenset()
        self._take_back()
        failpoint("way.back")
        seconds = round(time.monotonic() - self._since, 3)
        _log.info("outbox.broker", module=self._module, seconds=seconds)
        self._on_change(self._module, "broker")

    def _take_back(self) -> None:
        self._relay.take_back(self._behind)
        self._bypass.recall(self._module)
        self._bypass.lead(self._module, self._direct)

    def _changed_hands(self, gained: frozenset[int], _lost: frozenset[int]) -> None:
        """Asks again, since another instance may have given the broker messages of partitions that are ours now.

        It may also have ended before it had asked: nothing leaves until that is known.
        """
        if not gained:
            return
        self._unread = True
        self._relay.hold()
        if self._direct or self._behind:
            self._begin(self._direct | self._behind)
        self._wake.set()

    async def _read_notes(self) -> None:
        """Goes on with the questions that whoever had our partitions before did not bring to an end."""
        owned = self._assignment.owned
        noted = await behind_noted(self._store.reader)
        self._noted = {each: noted.get(each, frozenset()) for each in owned}
        known = frozenset[str]().union(*self._noted.values()).intersection(self._topology.modules)
        if known - self._behind:
            self._begin(known)
        if owned == self._assignment.owned:
            self._unread = False
            self._relay.go_on()

    async def _catch_up(self) -> None:
        asked, began, owned = self._behind, self._rounds, self._assignment.owned
        if not await self._relay.written(asked):
            return
        await self._note(owned, asked)
        lost = await asyncio.gather(*(self._put_in_line(each) for each in sorted(asked)))
        if began != self._rounds:
            return  # partitions came meanwhile: all are asked again
        found = {
            name: each for name, each in zip(sorted(asked), lost, strict=True) if each is not None
        }
        if found:
            self._release(found.keys(), sum(found.values()))
            await self._note(owned & self._assignment.owned, self._behind)

    def _release(self, receivers: Collection[str], messages: int) -> None:
        """Lets messages leave for receivers that have been asked, by the way that is wanted now."""
        self._behind -= frozenset(receivers)
        if self._bypass.wanted:
            if not self._direct:
                self._since = time.monotonic()
                self._on_change(self._module, "direct")
            self._direct |= frozenset(receivers)
            self._bypass.lead(self._module, self._direct)
            _log.warning(
                "outbox.direct",
                module=self._module,
                destination=", ".join(sorted(receivers)),
                messages=messages,
                since=self._bypass.away_since,
            )
        failpoint("way.direct")
        for each in receivers:
            self._relay.release(each)

    async def _note(self, partitions: Collection[int], receivers: frozenset[str]) -> None:
        """Writes down who has to be asked about some partitions: whoever has them after a kill goes on with that."""
        changed = [each for each in partitions if self._noted.get(each, frozenset()) != receivers]
        if not changed:
            return

        async def note(transaction: Transaction) -> None:
            for partition in changed:
                await note_behind(transaction.sql, partition, receivers)

        await self._writer.submit(note)
        self._noted |= dict.fromkeys(changed, receivers)

    async def _put_in_line(self, receiver: str) -> int | None:
        """Lets everything wait again that has not arrived; returns how much, or None if the receiver is silent."""
        count = 0
        try:
            async for page in self._handed_over(receiver):
                lost = await self._not_arrived(receiver, page)
                if lost:
                    failpoint("way.before_line")
                    await self._writer.submit(partial(_put_in_line, receiver, lost))
                    failpoint("way.in_line")
                count += len(lost)
        except RequestError:
            return None
        return count

    async def _handed_over(self, receiver: str) -> AsyncIterator[Sequence[HandedOver]]:
        """Pages of what left for a receiver, without its word that it has arrived."""
        sql = self._store.reader
        routes = await routes_in(sql, self._topology)
        begun = {
            name.partition(" ")[0]: since
            for name, since in routes.items()
            if name.partition(" ")[2] == receiver
        }
        if begun:
            recent = await numbered_from(sql, self._clock.now() - _LATEST_COMMIT)
            beyond = min(await asked_up_to(sql), recent)
            since = self._question.known_since
            of_types = partial(handed_over_unasked, sql, receiver, [*begun], since=since)
            async for page in _pages(of_types, beyond):
                yield [each for each in page if each.seq > begun[each.type]]
        async for page in _pages(partial(handed_over_awaited, sql, receiver), 0):
            yield page

    async def _not_arrived(
        self, receiver: str, page: Sequence[HandedOver]
    ) -> list[tuple[int, int]]:
        """Returns the numbers and partitions of messages of ours that have not arrived."""
        count, owned = self._assignment.count, self._assignment.owned
        ours = {each.id: (each.seq, partition_of(each.key, each.id, count)) for each in page}
        ids = [name for name, (_, partition) in ours.items() if partition in owned]
        missing: set[str] = set()
        for piece in self._question.pieces(ids):
            missing |= await self._question.ask(receiver, piece)
        return [ours[each] for each in ids if each in missing]


async def _pages(read: Any, beyond: int) -> AsyncIterator[list[HandedOver]]:
    while True:
        page: list[HandedOver] = await read(beyond=beyond, limit=_PAGE)
        if page:
            yield page
        if len(page) < _PAGE:
            return
        beyond = page[-1].seq


async def _put_in_line(
    receiver: str, messages: Sequence[tuple[int, int]], transaction: Transaction
) -> None:
    await put_in_line(transaction.sql, receiver, messages)
