"""One attempt to handle one message: inbox row, handler and outgoing messages in one transaction.

The order of what happens here is the promise: nothing is recorded as handled without its effects, and no effect is
kept without the record (the idempotent receiver of Hohpe and Woolf, with the inbox as its memory).
"""

import json
from typing import Any

from amphibus.clock import Clock, as_datetime
from amphibus.config.settings import BusSettings
from amphibus.context import Context
from amphibus.database.delayed import settled_meanwhile, store_delayed
from amphibus.database.faults import is_of_the_database
from amphibus.errors import Overdue, Refused, Undecodable
from amphibus.failpoints import failpoint
from amphibus.inbox.attempt import Attempt, Origin, Outcome, failure_of, reply_again
from amphibus.inbox.handler_timeout import within
from amphibus.inbox.outcomes import OutcomeRecorder
from amphibus.inbox.timers import PREFIX, is_armed, note_timers
from amphibus.messages.envelope import Envelope, Reply
from amphibus.messages.failure import Failure
from amphibus.module import Module
from amphibus.process import Process
from amphibus.routing.codec import Codec
from amphibus.routing.topology import processes_of
from amphibus.telemetry.logs import about
from amphibus.unit_of_work.crash_journal import CrashJournal
from amphibus.unit_of_work.transaction import HandlerFailed, Transaction

_CRASHES = 3


class Executor:
    """Runs attempts of one module inside its writer's transactions."""

    def __init__(
        self,
        module: Module,
        *,
        codec: Codec,
        container: Any,
        clock: Clock,
        journal: CrashJournal,
        settings: BusSettings,
        partitions: int,
    ) -> None:
        self._module = module
        self._codec = codec
        self._container = container
        self._clock = clock
        self._journal = journal
        self._recorder = OutcomeRecorder(clock, settings, partitions)
        self._settings = settings
        self._declared = frozenset((*module.publishes, *module.sends))
        self._processes = {process.name: process for process in processes_of(module)}

    async def __call__(self, attempt: Attempt, transaction: Transaction) -> Outcome:
        """Attempts a message; returns what became of it if the transaction commits.

        Raises:
            Exception: of the database; the transaction is lost, with all others of its batch.
        """
        sql, envelope = transaction.sql, attempt.envelope
        attempt.failed, attempt.failures, attempt.reply, attempt.wakes_at = (
            None,
            attempt.spent,
            None,
            None,
        )
        early = await self._known_already(transaction, attempt)
        if early is not None:
            return early
        failure = attempt.given_up or self.killer(envelope)
        if failure is not None:
            return await self._recorder.failed(sql, attempt, failure)
        if attempt.call_skipped:
            return Outcome.AGAIN
        return await self._attempt(attempt, transaction)

    async def _known_already(self, transaction: Transaction, attempt: Attempt) -> Outcome | None:
        sql, envelope = transaction.sql, attempt.envelope
        if attempt.origin is Origin.DELAYED:
            settled = await settled_meanwhile(sql, attempt.seq)
            if settled:
                await self._recorder.leave_origin(sql, attempt)
            return None if settled is False else Outcome.GONE
        if attempt.origin is Origin.TIMER:
            return None if await is_armed(sql, transaction.write_set, envelope) else Outcome.GONE
        prior = transaction.prior_outcomes.get((envelope.source, envelope.id))
        if prior is None:
            return None
        if prior[0] == "waits":
            if attempt.origin is Origin.REQUEST:
                attempt.reply = Reply(
                    "unavailable", detail="an earlier message of this key waits for its retry"
                )
                return Outcome.FAILED
            await store_delayed(
                sql,
                envelope,
                received=attempt.received,
                attempts=0,
                tries=0,
                due=None,
                error="",
                partition=self._recorder.partition(envelope),
            )
            return Outcome.BEHIND
        attempt.reply = reply_again(*prior)
        return Outcome.REPEATED

    def killer(self, envelope: Envelope) -> Failure | None:
        """Why a message is not run again at all: it has killed enough processes."""
        crashes = self._journal.suspects.get((self._module.name, envelope.source, envelope.id), 0)
        if crashes < _CRASHES:
            return None
        return Failure("crashed", f"killed its process {crashes} times while it ran alone")

    async def _attempt(self, attempt: Attempt, transaction: Transaction) -> Outcome:
        session, envelope = transaction.session, attempt.envelope
        now = self._clock.now()
        context: Context[Any] = Context(
            envelope=envelope,
            container=self._container,
            db=session,
            now=as_datetime(now),
            declared=self._declared,
            outside=attempt.outside,
            attempt=attempt.spent + 1,
            body_limit=self._settings.body_limit_bytes,
        )
        await transaction.savepoint()
        try:
            with about(self._module.name, envelope):
                failpoint("timer.before" if attempt.of_timer else "handler.before")
                with self._journal.running((self._module.name, envelope.source, envelope.id)):
                    async with within(self._settings.handler_timeout_seconds):
                        returned = await self._handler(attempt, context)
                        await session.flush()
                    answer = self._answer(attempt, returned)
                failpoint("handler.after")
        except Overdue as error:
            # Its connection may be lost with it: all of the batch is run again, and this one has failed.
            attempt.given_up = failure_of(error, attempt.message)
            raise
        except Exception as error:
            if transaction.lost or is_of_the_database(error):
                raise
            if not transaction.undoes:
                raise HandlerFailed from error
            session.sync_session.expunge_all()
            await transaction.undo()
            return await self._rolled_back(transaction, attempt, error)
        session.sync_session.expunge_all()
        attempt.wakes_at = note_timers(
            transaction.write_set, context.timers, envelope, transaction.partitions
        )
        transaction.send(self._codec.outgoing(context.outgoing, cause=envelope, now=now))
        attempt.reply = Reply("answered", answer)
        await self._recorder.record(transaction, attempt, Outcome.HANDLED, answer)
        return Outcome.HANDLED

    async def _handler(self, attempt: Attempt, context: Context[Any]) -> object:
        if attempt.of_timer:
            process, _, deadline = attempt.envelope.type.removeprefix(PREFIX).partition("/")
            await self._process(process).expire(deadline, attempt.envelope.key or "", context)
            return None
        if attempt.entry is None or attempt.message is None:
            raise Undecodable("an attempt without a decoded message")
        return await attempt.entry.route.handler(attempt.message, context)

    def _process(self, name: str) -> Process:
        if name not in self._processes:
            raise Undecodable(
                f"module {self._module.name} has no process '{name}'",
                f"it has {', '.join(self._processes) or 'none'}",
                "declare it again, then: amphibus dead retry",
            )
        return self._processes[name]

    def _answer(self, attempt: Attempt, returned: object) -> bytes:
        if attempt.entry is None or attempt.message is None:
            return b""
        return self._codec.answer(attempt.entry, attempt.message, returned)

    async def _rolled_back(
        self, transaction: Transaction, attempt: Attempt, error: Exception
    ) -> Outcome:
        if (
            isinstance(error, Refused)
            and attempt.entry
            and error.code in attempt.entry.contract.contract_refuses
        ):
            attempt.reply = Reply("refused", code=error.code, detail=error.detail)
            kept = json.dumps({"code": error.code, "detail": error.detail}).encode()
            await self._recorder.record(transaction, attempt, Outcome.REFUSED, kept)
            return Outcome.REFUSED
        failure = failure_of(error, attempt.message)
        return await self._recorder.failed(transaction.sql, attempt, failure)
