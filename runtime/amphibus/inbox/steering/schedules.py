"""Sends the commands of a module's schedules: each time once, whichever of its instances are there.

The instance that holds the partition of a schedule sends its commands, in the commit that moves the schedule on.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final

import structlog

from amphibus.clock import SECOND, Clock
from amphibus.database.steering.schedules import (
    ScheduleRow,
    answer_ask,
    arm,
    move_on,
    schedules,
)
from amphibus.database.store import Store
from amphibus.failpoints import failpoint
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import derived_id, new_trace
from amphibus.module import Module
from amphibus.partitions.assignment import LeaseToken, PartitionAssignment, partition_of
from amphibus.routing.codec import key_of
from amphibus.schedule.declared import Every
from amphibus.schedule.plan import plan_of
from amphibus.schedule.turn import Turn, next_time, turn
from amphibus.telemetry.privacy import describe
from amphibus.unit_of_work.transaction import Transaction
from amphibus.unit_of_work.writer import Writer

_log: Any = structlog.get_logger()
_AGAIN: Final = 60 * SECOND
"""The time after which a command is made again that could not be made."""
Step = Callable[[Transaction], Awaitable[None]]


class Schedule:
    """One schedule of a module: makes the envelopes of its commands."""

    def __init__(self, module: str, declared: Every) -> None:
        self.declared = declared
        self.name = declared.name
        self.key = declared.ordering_key
        self.plan = plan_of(declared)
        self._module = module

    def envelope(self, time: int, now: int, *, by_hand: bool = False) -> Envelope:
        """Returns the command for a time, under an id that follows from that time.

        Raises:
            Exception: of the code that makes it.
        """
        declared = self.declared
        make = declared.make
        message = declared.contract() if make is None else make(self.plan.local(time))
        how = ("by hand",) if by_hand else ()
        identity = derived_id("schedule", self._module, self.name, str(time), *how)
        return Envelope(
            id=identity,
            type=declared.contract.contract_type,
            source=self._module,
            key=key_of(message) or self.key,
            time=now,
            correlation=identity,
            causation=None,
            trace=new_trace(),
            body=message.model_dump_json().encode(),
        )


class Schedules:
    """The schedules of one module, as one instance sends them. Lives as long as the module is hosted."""

    def __init__(
        self,
        module: Module,
        store: Store,
        writer: Writer,
        assignment: PartitionAssignment,
        clock: Clock,
    ) -> None:
        self._module = module.name
        self._store = store
        self._writer = writer
        self._assignment = assignment
        self._clock = clock
        self._all = {each.name: Schedule(module.name, each) for each in module.schedules}
        self._not_before: dict[str, int] = {}
        """By name: when a command is made again that could not be made."""
        self._look_at = 0

    async def send_due(self) -> None:
        """Arms what is not armed and sends what is due, once, whatever ends in between.

        Raises:
            Exception: of the database; nothing was sent.
        """
        steps: list[tuple[LeaseToken | None, Step]] = []
        now = self._clock.now()
        if now < self._look_at:
            return
        if not self._all:
            self._look_at = now + _AGAIN  # there may be some that are declared no more
        for row in await self._rows():
            partition = self._partition(row)
            if partition in self._assignment.owned:
                token = self._assignment.lease_token(partition)
                steps += [(token, each) for each in self._steps(row, now)]
        if steps:
            await self._writer.submit(partial(self._take, steps))

    async def next_due(self) -> int | None:
        """Returns when the next of them is due here."""
        if not self._all:
            return None
        now = self._clock.now()
        dues = [
            self._due(row, now)
            for row in await self._rows()
            if self._partition(row) in self._assignment.owned
        ]
        return min((each for each in dues if each is not None), default=None)

    async def _rows(self) -> list[ScheduleRow]:
        """Returns where each stands, those included that are not armed yet, and those that are declared no more."""
        rows = await schedules(self._store.reader)
        known = {row.name for row in rows}
        new = [_unarmed(name) for name in self._all if name not in known]
        return [*rows, *new]

    def _partition(self, row: ScheduleRow) -> int:
        found = self._all.get(row.name)
        key = row.name if found is None else found.key
        return partition_of(key, "", self._assignment.count)

    def _due(self, row: ScheduleRow, now: int) -> int | None:
        if row.name not in self._all:
            return None
        if row.asked is not None:
            wanted = row.asked
        elif row.paused is None:
            known, right = self._times(row, now)
            wanted = right if right == known else now  # it is armed first
        else:
            return None
        return max(wanted, self._not_before.get(row.name, 0))

    def _times(self, row: ScheduleRow, now: int) -> tuple[int | None, int]:
        """Returns the next time of a schedule as it is written down, and as it should be."""
        schedule = self._all[row.name]
        known = row.next if row.plan == schedule.declared.plan else None
        return known, next_time(schedule.plan, known, row.last, now)

    def _steps(self, row: ScheduleRow, now: int) -> Sequence[Step]:
        schedule = self._all.get(row.name)
        if schedule is None:
            # Declared again one day, it must not make up for the time in between.
            return [] if row.next is None else [partial(self._arm, row.name, row.plan, None)]
        if self._not_before.get(row.name, 0) > now:
            return []
        try:
            return [*self._by_hand(schedule, row, now), *self._by_plan(schedule, row, now)]
        except (Exception, SystemExit) as error:  # noqa: BLE001 - code of the module; what is due stays due
            self._not_before[row.name] = now + _AGAIN
            _log.error("schedule.failed", module=self._module, name=row.name, error=describe(error))
            return []

    def _by_hand(self, schedule: Schedule, row: ScheduleRow, now: int) -> list[Step]:
        if row.asked is None:
            return []
        envelope = schedule.envelope(row.asked, now, by_hand=True)
        return [partial(self._send_by_hand, row.name, row.asked, envelope)]

    def _by_plan(self, schedule: Schedule, row: ScheduleRow, now: int) -> list[Step]:
        if row.paused is not None:
            return []
        known, right = self._times(row, now)
        if known is not None and known <= now:
            due = turn(schedule.plan, known, now, schedule.declared.missed)
            envelopes = [schedule.envelope(time, now) for time in due.times]
            return [partial(self._send, row, due, envelopes)]
        plan = schedule.declared.plan
        return [] if right == known else [partial(self._arm, row.name, plan, right)]

    async def _take(
        self, steps: Sequence[tuple[LeaseToken | None, Step]], transaction: Transaction
    ) -> None:
        for token, step in steps:
            if token is None or token in transaction.lease_tokens:
                await step(transaction)

    async def _arm(self, name: str, plan: str, due: int | None, transaction: Transaction) -> None:
        await arm(transaction.sql, name, plan, due)

    async def _send(
        self, row: ScheduleRow, due: Turn, envelopes: Sequence[Envelope], transaction: Transaction
    ) -> None:
        last = due.times[-1] if due.times else row.last
        if not await move_on(transaction.sql, row, due=due.next, last=last, missed=due.missed):
            return
        self._leave(envelopes, transaction)
        transaction.after_commit(partial(self._tell, row, due))

    async def _send_by_hand(
        self, name: str, asked: int, envelope: Envelope, transaction: Transaction
    ) -> None:
        if await answer_ask(transaction.sql, name, asked):
            self._leave([envelope], transaction)

    def _leave(self, envelopes: Sequence[Envelope], transaction: Transaction) -> None:
        failpoint("schedule.before_commit")
        transaction.send([(each, (self._module,)) for each in envelopes], within="")

    def _tell(self, row: ScheduleRow, due: Turn) -> None:
        if due.missed:
            _log.warning("schedule.missed", module=self._module, name=row.name, times=due.missed)
        for time in due.times:
            late = (self._clock.now() - time) / SECOND
            _log.info("schedule.sent", module=self._module, name=row.name, late_seconds=late)


def _unarmed(name: str) -> ScheduleRow:
    return ScheduleRow(name, "", None, None, 0, None, "", None)
