"""Follows the pauses of a module: what is paused is not begun, and whoever sent it keeps it."""

import asyncio
from functools import partial

from amphibus.database.steering.pauses import let_go
from amphibus.host.wiring import ModuleServices
from amphibus.inbox.receiver import Receiver
from amphibus.inbox.scheduler import Scheduler
from amphibus.inbox.steering.pause import Pauses
from amphibus.partitions.assignment import PartitionAssignment
from amphibus.partitions.pausable import PausablePartitions
from amphibus.transport import OwnedPartitions
from amphibus.transports.registry import KEEPING
from amphibus.unit_of_work.transaction import Transaction
from amphibus.unit_of_work.writer import Writer


class Pausing:
    """Lives as long as its module is hosted."""

    def __init__(
        self,
        around: ModuleServices,
        *,
        pauses: Pauses,
        assignment: PartitionAssignment,
        receiver: Receiver,
        scheduler: Scheduler,
        writer: Writer,
    ) -> None:
        self._health = around.health
        self._clock = around.clock
        self._pauses = pauses
        self._assignment = assignment
        self._receiver = receiver
        self._scheduler = scheduler
        self._writer = writer
        self._seen: frozenset[str] = frozenset()
        keeps = around.transport.name in KEEPING
        self._pausable = PausablePartitions(assignment) if keeps else None
        pauses.on_change.append(self._follow)

    @property
    def partitions(self) -> OwnedPartitions:
        """The partitions as the transport sees them: what keeps messages keeps them during a pause."""
        return self._pausable or self._assignment

    async def begin(self, *, writes_down: bool = False) -> None:
        """Takes in what is paused, before the first message is taken.

        With `writes_down`, messages to a module that is paused as a whole wait among the delayed ones: their transport
        is left for good, and keeps nothing for later.

        Raises:
            Exception: of the database.
        """
        self._pauses.writes_down = writes_down
        await self._pauses.look()
        self._follow()

    def _follow(self) -> None:
        pauses = self._pauses
        if pauses.whole and not pauses.writes_down:
            self._receiver.hold()
        if self._pausable is not None:
            self._pausable.pause(paused=pauses.whole)
        self._scheduler.hold(holding=pauses.whole)
        if not pauses.whole:
            self._receiver.let_go()
        self._health.degrade(f"pause:{pauses.module}", pauses.reason)
        now = frozenset(each.type for each in pauses.all)
        for type_ in self._seen - now:
            # Another instance may have held one of them after the end of the pause was written.
            self._writer.submit(partial(self._let_go, type_)).add_done_callback(_forget)
        self._seen = now

    async def _let_go(self, type_: str, transaction: Transaction) -> None:
        if await let_go(transaction.sql, type_, self._clock.now()):
            transaction.after_commit(self._scheduler.wake)


def _forget(future: "asyncio.Future[None]") -> None:
    """Does nothing: what could not be let go of now is due within an hour."""
    if not future.cancelled():
        future.exception()
