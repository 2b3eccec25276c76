"""The one writer of a module's database: many units of work in one commit.

Every change of a module goes through its writer, one transaction at a time. Units that are ready together are
committed together (group commit), because a commit costs more than most of its content.
"""

import asyncio
import contextlib
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

import structlog

from amphibus.database.faults import is_conflict
from amphibus.database.store import Store, UnitFailed
from amphibus.failpoints import failpoint
from amphibus.messages.envelope import Envelope
from amphibus.partitions.assignment import PartitionAssignment
from amphibus.supervision import Supervisor, we_are_cancelled
from amphibus.telemetry.tracing import switch
from amphibus.unit_of_work.commit_delay import CommitDelay
from amphibus.unit_of_work.isolation import Isolation
from amphibus.unit_of_work.transaction import OutboxRow, Transaction
from amphibus.unit_of_work.unit import BatchFailed, Unit

_log: Any = structlog.get_logger()
T = TypeVar("T")

_TRIES = 20
_BEGUN_SECONDS = 0.1
_DRAIN_LOOK_SECONDS = 0.001
_APART_SECONDS = 0.005
"""The time between two instances that change the same rows, at the first try."""


class Writer:
    """Runs units of work, in the order in which they were submitted, as many in a commit as are ready."""

    def __init__(
        self,
        store: Store,
        assignment: PartitionAssignment,
        isolation: Isolation,
        supervisor: Supervisor,
        *,
        batch: int,
        commit_delay_seconds: float = 0.0,
    ) -> None:
        self._store = store
        self._assignment = assignment
        self._isolation = isolation
        self._batch = batch
        self._commit_delay = CommitDelay(commit_delay_seconds)
        self._units: deque[Unit] = deque()
        self._wake = asyncio.Event()
        self._task = supervisor.task(f"writer:{store.module}", self._work)
        self._in_hand = False
        """Returns whether units were taken out of the line and not all of them are through."""
        self._stopped = False
        self._at_work = asyncio.Event()
        self._left = False
        """Whether it was stopped and its work, if it still goes on, is nobody's any more."""
        self._renew = False
        """Returns whether the connection is in an unknown state, as it is after the task failed."""
        self.commits = 0
        """How many there were."""
        self.units = 0
        """Units of work in them."""
        self.before_commit: list[Callable[[Transaction], None]] = []
        """Called for what rides along with every commit."""
        self.on_sent: Callable[[list[OutboxRow]], None] = lambda _: None

    async def start(self) -> None:
        """Begins to work."""
        self._stopped = self._left = False
        self._at_work.set()
        await self._task.start()

    async def started(self) -> None:
        """Returns once units are run."""
        await self._task.started()

    async def drain(self) -> None:
        """Returns when all that was submitted is committed or has failed."""
        while self._task.running and (self._units or self._in_hand):
            self._wake.set()
            await asyncio.sleep(_DRAIN_LOOK_SECONDS)

    async def rest(self) -> None:
        """Leaves its connection to others until it is started again: what is submitted meanwhile waits for that.

        What is not committed is rolled back, and runs then.
        """
        self._at_work.clear()
        await self._task.stop()

    async def stop(self) -> None:
        """Ends at once: what is not committed is rolled back, and who waits for it is told."""
        self._stopped = True
        self._at_work.set()
        await self._task.stop()
        self._left = True
        while self._units:
            self._units.popleft().end()

    def adjust(self, *, batch: int, commit_delay_seconds: float) -> None:
        """Changes how many units come together in a commit, from the next one on."""
        self._batch, self._commit_delay.seconds = batch, commit_delay_seconds

    def submit(
        self,
        job: Callable[[Transaction], Awaitable[T]],
        *,
        about: Envelope | None = None,
        flow: str = "",
    ) -> "asyncio.Future[T]":
        """Puts a unit of work in line. Its future has the job's result once that is durable.

        The job may run more than once: a batch that fails as a whole is rolled back and its units rerun singly.
        Prior outcomes of the message that it is `about` are looked up for the whole batch.
        A unit that is about no message, but is waited for, names the `flow` that it belongs to.
        """
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        unit = Unit(job, done, about, about.correlation if about else flow)
        if self._stopped:
            unit.end()
        else:
            self._units.append(unit)
            self._wake.set()
        return done

    async def run_alone(
        self, job: Callable[[Transaction], Awaitable[T]], *, about: Envelope | None
    ) -> T:
        """Runs one unit at once; only for who holds the isolation, when nothing else runs."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        await self._at_work.wait()
        await self._run_batch([Unit(job, done, about)])
        return done.result()

    async def _work(self) -> None:
        if self._renew:
            await self._store.renew_writer()
        self._renew = True
        while not self._stopped:
            await self._woken()
            if pause := self._commit_delay.pause:
                await asyncio.sleep(pause)
            while self._units:
                while self._isolation.closed:
                    await self._isolation.opened()
                with self._isolation.shared():
                    await self._next_batch()
                await asyncio.sleep(0)

    async def _woken(self) -> None:
        """Returns when something was submitted. Does not leave a transaction open for long."""
        connection = self._store.writer
        if connection.begun and not self._wake.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_BEGUN_SECONDS):
                    await self._wake.wait()
            if not self._wake.is_set():
                await self._roll_back()
        await self._wake.wait()
        self._wake.clear()

    async def _next_batch(self) -> None:
        units: list[Unit] = []
        while self._units and len(units) < self._batch:
            units.append(self._units.popleft())
        self._in_hand = True
        try:
            failpoint("task.writer")
            self._commit_delay.saw(unit.flow for unit in units)
            await self._run_batch(units)
        except BaseException:
            # Nobody else knows of them: they run when the task is begun again, or fail when it ends.
            self._units.extendleft(unit for unit in reversed(units) if not unit.done.done())
            self._wake.set()
            raise
        finally:
            self._in_hand = False

    async def _run_batch(self, units: list[Unit]) -> None:
        try:
            left = await self._try(units)
        except BatchFailed as error:
            for unit in units:
                if error.begun:
                    await self._run_singly(unit)
                    await asyncio.sleep(0)  # statements on a file never suspend
                else:  # none of them is to blame, and each would wait as long again
                    unit.fail(error.cause)
            return
        self._units.extendleft(reversed(left))

    async def _run_singly(self, unit: Unit) -> None:
        """Again and again if other instances change the same rows: somebody succeeds each time."""
        for tries in range(1, _TRIES + 1):
            try:
                await self._try([unit])
            except BatchFailed as error:
                if tries == _TRIES or not is_conflict(error.cause):
                    unit.fail(error.cause)
                    return
                await asyncio.sleep(random.random() * _APART_SECONDS * tries)
            else:
                return

    async def _try(self, units: list[Unit]) -> list[Unit]:
        """Commits as many units as fit into a slice of time; returns those that did not."""
        connection = self._store.writer
        results: list[tuple[Unit, Any]] = []
        ends, begun = time.perf_counter() + connection.slice_seconds, False
        try:
            await connection.begin()
            # Made only now: what was lost is a new connection since.
            transaction = Transaction(connection, self._assignment, alone=len(units) == 1)
            begun = True
            await transaction.check([unit.about for unit in units if unit.about is not None])
            failpoint("begin")
            for unit in units:
                results.append((unit, await unit.job(transaction)))
                if transaction.lost:
                    raise UnitFailed
                if time.perf_counter() > ends:
                    break
            for ride_along in self.before_commit:
                ride_along(transaction)
            sent = await transaction.flush()
            failpoint("commit.before")
            if transaction.traces and switch.spans is not None:
                told = partial(switch.spans.committed, transaction.traces, time.time_ns())
                transaction.then.insert(0, told)
            await connection.commit(more=self._more_comes(len(units) - len(results)))
            self.commits += 1
            self.units += len(results)
            failpoint("commit.after")
        except BaseException as error:
            await self._roll_back()
            if we_are_cancelled():  # the writer is to end, and not what a handler awaited
                raise
            raise BatchFailed(error, begun=begun) from error
        finally:
            connection.session.sync_session.expunge_all()
        self._store.health.recovered("writer")
        self._announce(transaction, sent, results)
        return units[len(results) :]

    async def _roll_back(self) -> None:
        """Undoes the transaction; a connection that cannot even do that is given up for a new one."""
        if self._left:
            return  # its store is closed, and what was begun is gone with it
        try:
            await self._store.writer.roll_back()
            broken = self._store.writer.in_transaction
        except Exception as error:  # noqa: BLE001 - a driver that lost its thread may raise anything
            self._store.health.failed("writer", error)
            broken = True
        if broken:
            await self._store.renew_writer()

    def _more_comes(self, left: int) -> bool:
        """Returns whether another transaction follows at once, or as soon as a few messages have come together."""
        return bool(left or self._units or self._commit_delay.pause)

    def _announce(
        self, transaction: Transaction, sent: list[OutboxRow], results: list[tuple[Unit, Any]]
    ) -> None:
        actions = list(transaction.then)
        if sent:
            actions.insert(0, partial(self.on_sent, sent))
        for action in actions:
            try:
                action()
            except Exception:  # noqa: BLE001 - the commit stands, and the units behind must go on
                _log.exception("process.failed", error="after a commit")
        for unit, result in results:
            if not unit.done.done():
                unit.done.set_result(result)
