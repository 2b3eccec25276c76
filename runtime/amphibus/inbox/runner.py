"""Carries an attempt to its outcome: decoded, called outside, run in the writer's transaction, or alone.

Whatever is lost with a transaction is tried again; whatever cannot be recorded as it is becomes a dead
letter in a form that any database can hold. So every attempt comes to an end, or waits for its database.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any, Final

import structlog

from amphibus.errors import Overdue, Undecodable
from amphibus.failpoints import failpoint
from amphibus.inbox.attempt import Attempt, Origin, Prepared
from amphibus.inbox.executor import Executor
from amphibus.inbox.failures import failure_of, unrecordable
from amphibus.inbox.limits.in_turn import InTurn
from amphibus.inbox.outcome import CallNeeded, Lost, Outcome, RetryNow
from amphibus.inbox.outside_step import ExternalCallStep
from amphibus.inbox.recorder import OutcomeRecorder
from amphibus.inbox.services import InboxServices
from amphibus.inbox.steering.turns import Turns
from amphibus.messages.failure import Failure
from amphibus.messages.json_text import LARGE_BYTES
from amphibus.messages.last_resort import storable_envelope
from amphibus.messages.timeliness import untimely
from amphibus.supervision import we_are_cancelled
from amphibus.telemetry.privacy import describe
from amphibus.unit_of_work.transaction import Transaction

_log: Any = structlog.get_logger()
_STORE_PAUSE_SECONDS: Final = 1.0
_LONGEST_ALONE_SECONDS: Final = 2.0
_ABORT_SECONDS: Final = (0.1, 0.2, 0.4)
"""The time that calls get to end after each of the cancellations that they may swallow."""

Settled = Callable[[Attempt, Outcome, int | None], None]
"""Told after the commit: the attempt, its outcome, and when something of the module is due by it."""
HoldBack = Callable[[Attempt], bool]
"""Takes back an attempt that has not begun, as its module is paused; returns whether it did."""


class AttemptRunner:
    """Runs the attempts of one module."""

    def __init__(self, services: InboxServices, settled: Settled, hold_back: HoldBack) -> None:
        self._services = services
        self._settled = settled
        self._hold_back = hold_back
        self._executor = Executor(services)
        self._recorder = OutcomeRecorder(
            services.clock, services.assignment.count, services.refusals
        )
        self._call = ExternalCallStep(services)
        self._in_turn = InTurn(
            services.limits,
            take=self._take_turn,
            record=self._run_submitted,
            settled=settled,
            fail=self._fail,
        )
        self._call_slots = Turns(services.settings.outside_concurrency)
        self._tasks: set[asyncio.Task[None]] = set()
        self.stopping = False

    @property
    def busy(self) -> bool:
        """Returns whether something runs beside the writer."""
        return bool(self._tasks)

    def adjust(self) -> None:
        """Takes in the settings as they are now."""
        self._call_slots.resize(self._services.settings.outside_concurrency)

    def start(self, attempt: Attempt) -> None:
        """Begins an attempt, and goes on with it until `settled` was called."""
        if _is_large(attempt):
            self._spawn(attempt, self._read_apart(attempt))
            return
        attempt.prepared = self._prepared(attempt)
        self._run(attempt)

    async def _read_apart(self, attempt: Attempt) -> None:
        try:
            attempt.prepared = await asyncio.to_thread(self._prepared, attempt)
        except RuntimeError:  # no thread is to be had: others wait for it then
            attempt.prepared = self._prepared(attempt)
        self._run(attempt)

    def _run(self, attempt: Attempt) -> None:
        if attempt.has_call and self._services.pauses.of(attempt.envelope.type) is not None:
            attempt.prepared = replace(attempt.prepared, call_skipped=True)
            self._submit(attempt)
        elif self._services.limits.concern(attempt):
            self._spawn(attempt, self._in_turn(attempt))
        elif self._is_suspect(attempt):
            self._spawn(attempt, self._run_alone(attempt))
        elif attempt.has_call:
            self._spawn(attempt, self._run_with_call(attempt))
        else:
            self._submit(attempt)

    def _is_suspect(self, attempt: Attempt) -> bool:
        return self._services.identity(attempt.envelope) in self._services.journal.suspects

    async def wait(self) -> None:
        """Waits for what runs beside the writer."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def abort(self) -> None:
        """Ends what runs beside the writer."""
        for seconds in _ABORT_SECONDS:
            if not self._tasks:
                return
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=seconds)
        if self._tasks:
            _log.warning(
                "process.warning",
                what=f"{len(self._tasks)} calls of {self._services.module.name} do not end when told to",
                why="their outside step catches its own cancellation; they are left to themselves",
                fix="let asyncio.CancelledError through where everything is caught",
            )

    def _prepared(self, attempt: Attempt) -> Prepared:
        """Decodes a message; the entry of its route is wanted even for one that will not be run."""
        prepared, codec = attempt.prepared, self._services.codec
        entry, message, failure = prepared.entry, prepared.message, prepared.failure
        if message is None and not attempt.of_timer:
            try:
                entry = codec.entry(attempt.envelope)
                if failure is None:
                    message = codec.decode(attempt.envelope, entry)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a converter may raise anything
                why = error if isinstance(error, Undecodable) else Undecodable(describe(error))
                failure = failure or failure_of(why, None)
        failure = failure or self._executor.killer(attempt.envelope) or self._untimely(attempt)
        return Prepared(entry, message, prepared.outside, prepared.call_skipped, failure)

    def _untimely(self, attempt: Attempt) -> Failure | None:
        """Returns the failure of a message that comes when its receiver may have forgotten it, or before its time."""
        if attempt.origin not in (Origin.DELIVERY, Origin.REQUEST):
            return None
        now, known = self._services.clock.now(), self._services.remembered
        return untimely(attempt.envelope.time, now=now, window=known.window, since=known.since)

    def _submit(self, attempt: Attempt) -> None:
        self._submitted(attempt).add_done_callback(partial(self._failed_with, attempt))

    async def _run_submitted(self, attempt: Attempt) -> None:
        """Returns when it is through, or lost."""
        future = self._submitted(attempt)
        await asyncio.wait((future,))
        self._failed_with(attempt, future)

    def _submitted(self, attempt: Attempt) -> "asyncio.Future[Outcome]":
        writer = self._services.writer
        return writer.submit(partial(self._job, attempt), about=attempt.arrived)

    async def _job(self, attempt: Attempt, transaction: Transaction) -> Outcome:
        due: int | None = None
        if attempt.lease_token is None or attempt.lease_token in transaction.lease_tokens:
            outcome = await self._executor(attempt, transaction)
            due = await self._recorder.record(attempt, outcome, transaction)
        else:
            outcome = Lost()
        transaction.after_commit(partial(self._go_on, attempt, outcome, due))
        if attempt.span is not None:
            transaction.traces.append(attempt.span.whole)
        return outcome

    def _go_on(self, attempt: Attempt, outcome: Outcome, due: int | None) -> None:
        if not isinstance(outcome, RetryNow | CallNeeded):
            self._settled(attempt, outcome, due)
            return
        failpoint("retry.before")
        if isinstance(outcome, RetryNow):
            attempt.spent = outcome.failures
        attempt.prepared = replace(attempt.prepared, failure=None, outside=None)
        self._services.meters.retried(self._services.module.name, attempt.envelope.type)
        self.start(attempt)

    async def _take_turn(self, attempt: Attempt) -> None:
        """Runs an attempt that has its turn."""
        if self._services.pauses.whole and self._hold_back(attempt):
            return
        if self._is_suspect(attempt):
            await self._run_alone(attempt)
        elif not attempt.has_call or await self._called(attempt):
            await self._run_submitted(attempt)

    async def _run_with_call(self, attempt: Attempt) -> None:
        async with self._call_slots:
            if self._services.pauses.whole and self._hold_back(attempt):
                return
            if not await self._called(attempt):
                return
        self._submit(attempt)

    async def _called(self, attempt: Attempt) -> bool:
        """Makes the call to the outside; returns whether its message can go on."""
        try:
            await self._call(attempt)
        except Exception as error:  # noqa: BLE001 - the database could not be asked
            self._lost(attempt, error)
            return False
        return True

    async def _run_alone(self, attempt: Attempt) -> None:
        journal = self._services.journal
        who = self._services.identity(attempt.envelope)
        async with self._services.isolation.alone() as nothing_else_runs:
            _log.warning(
                "message.suspected",
                module=self._services.module.name,
                message=attempt.envelope.type,
                message_id=attempt.envelope.id,
                crashes=journal.suspects.get(who, 0),
            )
            if nothing_else_runs:
                journal.alone(who)
            try:
                alone = await self._call_alone(attempt) and nothing_else_runs
                writer = self._services.writer
                run = writer.run_alone if alone else writer.submit
                await run(partial(self._job, attempt), about=attempt.arrived)
            except (Exception, asyncio.CancelledError) as error:
                if we_are_cancelled():
                    raise
                self._lost(attempt, error)
        journal.cleared(who)

    async def _call_alone(self, attempt: Attempt) -> bool:
        """Makes the external call of a suspect. One that hangs holds up nobody for long.

        Returns whether nothing else ran meanwhile.
        """
        if not attempt.has_call:
            return True
        call = asyncio.ensure_future(self._call(attempt))
        try:
            done, _ = await asyncio.wait((call,), timeout=_LONGEST_ALONE_SECONDS)
            if not done:
                self._services.journal.not_alone(self._services.identity(attempt.envelope))
                self._services.isolation.let_others_in()
            await call
        finally:
            call.cancel()
        return bool(done)

    def _failed_with(self, attempt: Attempt, future: "asyncio.Future[Any]") -> None:
        if not future.cancelled() and (error := future.exception()) is not None:
            self._lost(attempt, error)

    def _lost(self, attempt: Attempt, error: BaseException) -> None:
        """Goes on after the transaction was lost with the attempt: by the database, or by what the handler did."""
        known = attempt.prepared.failure
        if attempt.met_trouble(error) or (known is not None and known.reason == "unrecordable"):
            self._services.store.health.failed("writer", error)
            asyncio.get_running_loop().call_later(_STORE_PAUSE_SECONDS, self._again, attempt)
            return
        if known is None:
            self._fail(attempt, error)
            return
        # Overdue is what it is known by, and it is still to be recorded.
        if not isinstance(error, Overdue):
            known = unrecordable(known, error)
            attempt.envelope = storable_envelope(attempt.envelope)
        attempt.prepared = replace(attempt.prepared, failure=known)
        self._submit(attempt)

    def _fail(self, attempt: Attempt, error: BaseException) -> None:
        """Records a failure that no database is to blame for."""
        policy = self._services.policies.of(attempt.route)
        failure = failure_of(error, attempt.prepared.message, policy)
        attempt.prepared = replace(attempt.prepared, failure=failure)
        self._submit(attempt)

    def _again(self, attempt: Attempt) -> None:
        if not self.stopping:
            self.start(attempt)

    def _spawn(self, attempt: Attempt, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.add(task := asyncio.get_running_loop().create_task(work))
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(partial(self._failed_with, attempt))


def _is_large(attempt: Attempt) -> bool:
    """Returns whether there is so much to decode that others would wait for it."""
    envelope, prepared = attempt.envelope, attempt.prepared
    return len(envelope.body) > LARGE_BYTES and not (prepared.message or envelope.decoded)
