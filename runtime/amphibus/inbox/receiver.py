"""Takes messages for one module: in order per key, each handled once, whatever way it came."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog

from amphibus.clock import Clock
from amphibus.config.settings import BusSettings
from amphibus.contract import kind_of
from amphibus.database.faults import is_store_failure
from amphibus.database.inbox import is_settled
from amphibus.database.store import Store
from amphibus.errors import Undecodable
from amphibus.failpoints import failpoint
from amphibus.inbox.attempt import Attempt, Origin, Outcome, failure_of
from amphibus.inbox.executor import Executor
from amphibus.inbox.key_order import KeyOrder
from amphibus.inbox.outside_step import Ask, ExternalCallStep
from amphibus.inbox.queries import Queries
from amphibus.inbox.report import report_outcome
from amphibus.messages.envelope import Envelope, Reply
from amphibus.messages.failure import Failure
from amphibus.module import Module
from amphibus.partitions.assignment import PartitionAssignment
from amphibus.routing.codec import Codec
from amphibus.telemetry.metrics import Meters
from amphibus.telemetry.privacy import describe
from amphibus.unit_of_work.crash_journal import CrashJournal, Isolation
from amphibus.unit_of_work.transaction import Transaction
from amphibus.unit_of_work.writer import Writer

_log: Any = structlog.get_logger()
_STORE_PAUSE_SECONDS = 1.0
_LOOK_SECONDS = 0.001
_LONGEST_ALONE_SECONDS = 1.0


class Receiver:
    """The receiving side of one module. Lives as long as the module is hosted."""

    def __init__(
        self,
        module: Module,
        *,
        store: Store,
        writer: Writer,
        codec: Codec,
        container: Any,
        clock: Clock,
        journal: CrashJournal,
        isolation: Isolation,
        meters: Meters,
        settings: BusSettings,
        assignment: PartitionAssignment,
        ask: Ask,
    ) -> None:
        self._module = module
        self._store = store
        self._writer = writer
        self._codec = codec
        self._clock = clock
        self._journal = journal
        self._isolation = isolation
        self._meters = meters
        self._executor = Executor(
            module,
            codec=codec,
            container=container,
            clock=clock,
            journal=journal,
            settings=settings,
            partitions=assignment.count,
        )
        self._queries = Queries(module.name, store, container, clock)
        step = ExternalCallStep(module.name, store, container, journal=journal, ask=ask)
        self._outside_steps = step
        self._outside_slots = asyncio.Semaphore(settings.outside_concurrency)
        self._assignment = assignment
        self._key_order = KeyOrder()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self.on_reply: Callable[[Envelope, Reply], None] = lambda _envelope, _reply: None
        self.on_due: Callable[[int], None] = lambda _due: None

    @property
    def in_flight(self) -> int:
        """Messages that were taken and are not safe yet."""
        return self._key_order.in_flight

    def take(
        self, envelope: Envelope, ack: Callable[[], None], partition: int | None = None
    ) -> None:
        """Handles a message once; calls `ack` when it is handled, delayed or dead, durably.

        If the `partition` that it came by is lost meanwhile, nothing is done: its new owner gets the message.
        """
        self.begin(Attempt(envelope, Origin.DELIVERY, self._clock.now(), ack), partition)

    def refuse(
        self,
        envelope: Envelope,
        failure: Failure,
        ack: Callable[[], None],
        partition: int | None = None,
    ) -> None:
        """Makes a dead letter of a message that must not be handled; calls `ack` when it is one, durably."""
        attempt = Attempt(envelope, Origin.DELIVERY, self._clock.now(), ack)
        attempt.given_up = failure
        self.begin(attempt, partition)

    async def request(self, envelope: Envelope) -> Reply:
        """Handles a query, or a command that its sender does not keep, and returns the reply."""
        try:
            entry = self._codec.entry(envelope)
            message = self._codec.decode(envelope, entry)
        except Undecodable as error:
            return Reply("failed", detail=str(error))
        if kind_of(entry.contract) == "query":
            return await self._queries(envelope, entry.route.handler, message)
        if self._stopping:
            return Reply("unavailable", detail=f"module {self._module.name} is stopping")
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        attempt = Attempt(envelope, Origin.REQUEST, self._clock.now(), ack=lambda: None)
        attempt.ack = partial(_give_reply, future, attempt)
        self.begin(attempt)
        return await future

    def begin(self, attempt: Attempt, partition: int | None = None) -> None:
        """Lines an attempt up; it starts when those before it are safe. `partition` as for `take`."""
        if self._stopping:
            return
        if partition is not None:
            attempt.lease_token = self._assignment.lease_token(partition)
        if self._key_order.enter(attempt):
            self._start(attempt)

    async def drain_partitions(self, partitions: frozenset[int]) -> None:
        """Returns when nothing is under way that was taken because these partitions are held here."""
        await self._key_order.drain_partitions(partitions)

    async def drain(self) -> None:
        """Waits until nothing runs; takes nothing new meanwhile."""
        self._stopping = True
        while self._tasks or self._key_order:
            if self._tasks:
                await asyncio.wait(self._tasks)
            await asyncio.sleep(_LOOK_SECONDS)

    async def abort(self) -> None:
        """Ends what still runs."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def clear_suspects(self) -> None:
        """Forgets suspects that turn out to be settled already."""
        for who in [who for who in self._journal.suspects if who[0] == self._module.name]:
            if await is_settled(self._store.reader, *who[1:]):
                self._journal.cleared(who)

    def _start(self, attempt: Attempt) -> None:
        envelope = attempt.envelope
        if attempt.given_up is None and not attempt.of_timer and attempt.message is None:
            try:
                attempt.entry = self._codec.entry(envelope)
                attempt.message = self._codec.decode(envelope, attempt.entry)
            except Exception as error:  # noqa: BLE001 - a converter may raise anything
                attempt.given_up = failure_of(
                    error if isinstance(error, Undecodable) else Undecodable(describe(error)), None
                )
        attempt.given_up = attempt.given_up or self._executor.killer(envelope)
        if self._who(attempt) in self._journal.suspects:
            self._spawn(self._run_alone(attempt))
        elif (
            attempt.entry is not None
            and attempt.entry.route.outside is not None
            and not attempt.given_up
        ):
            self._spawn(self._run_outside(attempt))
        else:
            self._submit(attempt)

    def _submit(self, attempt: Attempt) -> None:
        future = self._writer.submit(partial(self._job, attempt), about=attempt.arrived)
        future.add_done_callback(partial(self._failed_with, attempt))

    async def _job(self, attempt: Attempt, transaction: Transaction) -> Outcome:
        if attempt.lease_token is None or attempt.lease_token in transaction.lease_tokens:
            outcome = await self._executor(attempt, transaction)
        else:
            attempt.reply, attempt.wakes_at, outcome = None, None, Outcome.LOST
        transaction.after_commit(partial(self._settle, attempt, outcome))
        return outcome

    async def _run_outside(self, attempt: Attempt) -> None:
        async with self._outside_slots:
            while self._isolation.closed:
                await self._isolation.opened()
            with self._isolation.shared():
                try:
                    await self._outside_steps(attempt)
                except Exception as error:  # noqa: BLE001 - the database could not be asked
                    self._lost(attempt, error)
                    return
        self._submit(attempt)

    async def _run_alone(self, attempt: Attempt) -> None:
        who = self._who(attempt)
        async with self._isolation.alone():
            _log.warning(
                "message.suspected",
                module=self._module.name,
                message=attempt.envelope.type,
                message_id=attempt.envelope.id,
                crashes=self._journal.suspects.get(who, 0),
            )
            self._journal.alone(who)
            try:
                still_alone = await self._outside_alone(attempt)
                run = self._writer.run_alone if still_alone else self._writer.submit
                await run(partial(self._job, attempt), about=attempt.arrived)
            except Exception as error:  # noqa: BLE001 - told to the same place as in a batch
                self._lost(attempt, error)
        self._journal.cleared(who)

    async def _outside_alone(self, attempt: Attempt) -> bool:
        """Says whether nothing else ran meanwhile: an outside that hangs holds up nobody for long."""
        if attempt.entry is None or attempt.entry.route.outside is None or attempt.given_up:
            return True
        step = asyncio.ensure_future(self._outside_steps(attempt))
        try:
            done, _ = await asyncio.wait((step,), timeout=_LONGEST_ALONE_SECONDS)
            if not done:
                self._isolation.let_others_in()
            await step
        finally:
            step.cancel()
        return bool(done)

    def _settle(self, attempt: Attempt, outcome: Outcome) -> None:
        """After the commit: nothing here may fail, or the message would stay unsafe."""
        envelope = attempt.envelope
        if attempt.wakes_at is not None:
            self.on_due(attempt.wakes_at)
        if outcome in (Outcome.RETRY, Outcome.AGAIN):
            failpoint("retry.before")
            attempt.spent = attempt.failures
            attempt.given_up, attempt.outside = None, None
            self._meters.retried(self._module.name, envelope.type)
            self._start(attempt)
            return
        if outcome is Outcome.LOST and attempt.origin is Origin.DELIVERY:
            self._next(attempt)  # it is not safe here: whoever has its partition gets it
            return
        report_outcome(self._module.name, attempt, outcome, self._meters, self._clock.now())
        if envelope.reply and attempt.reply is not None and attempt.origin is not Origin.REQUEST:
            failpoint("reply.before")
            self.on_reply(envelope, attempt.reply)
        attempt.ack()
        self._next(attempt)

    def _next(self, attempt: Attempt) -> None:
        following = self._key_order.leave(attempt)
        if following is not None:
            self._start(following)

    def _failed_with(self, attempt: Attempt, future: "asyncio.Future[Outcome]") -> None:
        if not future.cancelled() and (error := future.exception()) is not None:
            self._lost(attempt, error)

    def _lost(self, attempt: Attempt, error: BaseException) -> None:
        """The transaction was lost with the attempt: by the database, or by what the handler did to it."""
        if is_store_failure(error) or attempt.given_up is not None:  # not even its failure was kept
            self._store.health.failed("writer", error)
            asyncio.get_running_loop().call_later(_STORE_PAUSE_SECONDS, self._again, attempt)
            return
        attempt.given_up = failure_of(error, attempt.message)
        self._submit(attempt)

    def _again(self, attempt: Attempt) -> None:
        if not self._stopping:
            self._start(attempt)

    def _who(self, attempt: Attempt) -> tuple[str, str, str]:
        return (self._module.name, attempt.envelope.source, attempt.envelope.id)

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _give_reply(future: "asyncio.Future[Reply]", attempt: Attempt) -> None:
    if not future.done():
        future.set_result(attempt.reply or Reply("failed", detail="no reply"))
