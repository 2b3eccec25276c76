"""Goes on with operations on many dead letters, at their rates; the instance that holds the first partition does it.

All that it knows stands in the store: whoever takes over goes on where the last commit was.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import structlog

from amphibus.clock import Clock
from amphibus.database.acting.dead import name_causes
from amphibus.database.acting.operations import Operation, running_operations
from amphibus.database.acting.retrying import Overtaken
from amphibus.database.acting.steps import AT_ONCE, Step, overtaken_of, step
from amphibus.database.store import Store
from amphibus.failpoints import failpoint
from amphibus.host.steering.pace import Pace
from amphibus.inbox.steering.pause import Pauses
from amphibus.partitions.assignment import PartitionAssignment, partition_of
from amphibus.supervision import Supervisor
from amphibus.unit_of_work.transaction import Transaction
from amphibus.unit_of_work.writer import Writer

_log: Any = structlog.get_logger()
_LOOK_SECONDS: Final = 2.0
"""The time between two looks for operations that another instance was asked to begin."""


class _Run:
    """An operation as this instance goes on with it."""

    def __init__(self, operation: Operation) -> None:
        self.pace = Pace(operation.per_second, time.monotonic())
        self.overtaken: Overtaken | None = None


class Operations:
    """A `Service`: the operations of one module."""

    def __init__(
        self,
        store: Store,
        *,
        writer: Writer,
        assignment: PartitionAssignment,
        pauses: Pauses,
        clock: Clock,
        supervisor: Supervisor,
    ) -> None:
        self._module = store.module
        self._store = store
        self._writer = writer
        self._assignment = assignment
        self._pauses = pauses
        self._clock = clock
        self._runs: dict[str, _Run] = {}
        self._causes_named = False
        self._wake = asyncio.Event()
        self._task = supervisor.task(f"operations:{store.module}", self._work)
        self.on_step: Callable[[], None] = lambda: None
        """Called when letters were acted on: something may be due."""
        assignment.on_change.append(lambda _gained, _lost: self._wake.set())

    async def start(self) -> None:
        """Begins to look."""
        await self._task.start()

    async def started(self) -> None:
        """Returns once it looks."""
        await self._task.started()

    async def stop(self) -> None:
        """Ends; what is left of operations waits for the next start."""
        await self._task.stop()

    def wake(self) -> None:
        """Looks at once."""
        self._wake.set()

    async def _work(self) -> None:
        self._runs.clear()
        while True:
            failpoint("task.operations")
            self._wake.clear()
            try:
                pause = await self._round()
                self._store.health.recovered("operations")
            except Exception as error:  # noqa: BLE001 - the database may be away for a while
                self._store.health.failed("operations", error)
                pause = 1.0
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    async def _round(self) -> float:
        """Goes on with each operation as far as its rate allows; returns the time until the next round."""
        if 0 not in self._assignment.owned or self._pauses.whole:
            self._runs.clear()
            return _LOOK_SECONDS
        await self._name_causes()
        running = await running_operations(self._store.reader)
        self._runs = {each.id: self._run_of(each) for each in running}
        pauses = [await self._go_on(each, self._runs[each.id]) for each in running]
        return min([_LOOK_SECONDS, *pauses])

    async def _name_causes(self) -> None:
        """Gives the letters of an older version their fingerprints."""
        while not self._causes_named:
            self._causes_named = await self._writer.submit(_name_some) < AT_ONCE

    def _run_of(self, operation: Operation) -> _Run:
        known = self._runs.get(operation.id)
        if known is not None and known.pace.per_second == operation.per_second:
            return known
        if known is None:
            _log.info("operation.began", **self._about(operation))
        return _Run(operation)

    async def _go_on(self, operation: Operation, run: _Run) -> float:
        room = run.pace.room(time.monotonic())
        if not room and not operation.collecting:
            return run.pace.pause(time.monotonic())
        if run.overtaken is not None:
            await run.overtaken.look(self._store.reader)
        elif not operation.collecting:
            run.overtaken = await overtaken_of(self._store.reader, operation)
        done = await self._step(operation, run, min(room, AT_ONCE))
        run.pace.took(done.letters)
        if done.ended:
            self._runs.pop(operation.id, None)
            _log.info("operation.ended", **self._about(operation))
        return 0.0 if operation.collecting else run.pace.pause(time.monotonic())

    async def _step(self, operation: Operation, run: _Run, most: int) -> Step:
        place = partial(partition_of, count=self._assignment.count)

        async def job(transaction: Transaction) -> Step:
            return await step(
                transaction.sql,
                operation.id,
                most=most,
                overtaken=run.overtaken or Overtaken(()),
                partition_of=place,
                now=self._clock.now(),
            )

        done = await self._writer.submit(job)
        if done.letters:
            self.on_step()
        return done

    def _about(self, operation: Operation) -> dict[str, str]:
        return {"module": self._module, "operation": operation.id, "kind": operation.kind}


async def _name_some(transaction: Transaction) -> int:
    return await name_causes(transaction.sql, limit=AT_ONCE)
