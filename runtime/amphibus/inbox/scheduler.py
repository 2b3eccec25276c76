"""Wakes timers, delayed messages, later commands and schedules when they are due: the delayed retry."""

import asyncio
import contextlib
from collections.abc import Callable

from amphibus.clock import SECOND, Clock
from amphibus.database.delayed import due_now, next_due
from amphibus.database.store import Store
from amphibus.failpoints import failpoint
from amphibus.inbox.attempt import Attempt, Origin
from amphibus.inbox.later import LaterSender
from amphibus.inbox.receiver import Receiver
from amphibus.inbox.steering.schedules import Schedules
from amphibus.inbox.timers import timers_due
from amphibus.module import Module
from amphibus.partitions.assignment import PartitionAssignment, only, partition_of
from amphibus.supervision import Supervisor

_AT_ONCE = 64


class Scheduler:
    """Woken when something is delayed; looks into the database every `poll_seconds` all the same.

    The look is what finds work that another process wrote, such as a dead letter that an operator retries.
    """

    def __init__(
        self,
        module: Module,
        *,
        store: Store,
        assignment: PartitionAssignment,
        receiver: Receiver,
        later: LaterSender,
        schedules: Schedules,
        clock: Clock,
        poll_seconds: float,
        supervisor: Supervisor,
    ) -> None:
        self._module = module
        self._store = store
        self._assignment = assignment
        self._receiver = receiver
        self._later = later
        self._schedules = schedules
        self._clock = clock
        self._poll = poll_seconds
        self._wake = asyncio.Event()
        self._holding = False
        self._under_way: set[int | str] = set()
        self._next: int | None = None
        self._task = supervisor.task(f"scheduler:{module.name}", self._work)

    async def start(self) -> None:
        """Begins to look."""
        await self._task.start()

    async def started(self) -> None:
        """Returns once it looks."""
        await self._task.started()

    async def stop(self) -> None:
        """Ends; what is due waits for the next start."""
        await self._task.stop()

    def due_at(self, due: int) -> None:
        """Something will be due then."""
        if self._next is None or due < self._next:
            self._next = due
            self._wake.set()

    def hold(self, *, holding: bool) -> None:
        """Begins nothing while the module is paused."""
        self._holding = holding
        self._wake.set()

    def wake(self) -> None:
        """Looks at once; the clock was moved."""
        self._wake.set()

    async def idle(self) -> bool:
        """Returns whether nothing is due and nothing that was due is under way."""
        due = await self._next_due()
        return not self._under_way and (due is None or due > self._clock.now())

    async def next_schedule(self) -> int | None:
        """Returns when the next schedule is due here."""
        return await self._schedules.next_due()

    async def _work(self) -> None:
        while True:
            failpoint("task.scheduler")
            self._wake.clear()
            try:
                await self._begin_what_is_due()
                self._next = await self._next_due()
                self._store.health.recovered("due")
            except Exception as error:  # noqa: BLE001 - the database may be away for a while
                self._next = None
                self._store.health.failed("due", error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause()):
                    await self._wake.wait()

    def _pause(self) -> float:
        if self._next is None or self._under_way or self._holding:
            return self._poll
        return min(self._poll, max(0.001, (self._next - self._clock.now()) / SECOND))

    async def _begin_what_is_due(self) -> None:
        if self._holding:
            return
        sql, now, mine = self._store.reader, self._clock.now(), only(self._assignment)
        room = _AT_ONCE + len(self._under_way)
        # What ends while we read is left out too: what was read of it is old.
        busy = self._under_way.copy()
        for delayed in await due_now(sql, now, limit=room, only=mine):
            if delayed.seq in busy:
                continue
            attempt = Attempt(
                delayed.envelope,
                Origin.DELAYED,
                delayed.received,
                self._track(delayed.seq),
                spent=delayed.attempts,
                tries=delayed.tries,
                seq=delayed.seq,
            )
            self._receiver.begin(attempt, delayed.partition)
        for envelope in await timers_due(sql, self._module.name, now, limit=room, only=mine):
            if envelope.id not in busy:
                attempt = Attempt(envelope, Origin.TIMER, now, self._track(envelope.id))
                partition = partition_of(envelope.key, envelope.id, self._assignment.count)
                self._receiver.begin(attempt, partition)

        await self._later.send_due(limit=_AT_ONCE)
        await self._schedules.send_due()

    async def _next_due(self) -> int | None:
        dues = (
            await next_due(self._store.reader, only(self._assignment)),
            await self._schedules.next_due(),
        )
        return min((each for each in dues if each is not None), default=None)

    def _track(self, what: int | str) -> Callable[[], None]:
        self._under_way.add(what)

        def settled() -> None:
            self._under_way.discard(what)
            self._wake.set()

        return settled
