"""One attempt to handle one message: inbox row, handler and outgoing messages in one transaction.

The order of what happens here is the promise: nothing is recorded as handled without its effects, and no effect is
kept without the record (the idempotent receiver of Hohpe and Woolf, with the inbox as its memory).
"""

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any, Final

from amphibus.access.ownership import codes_of
from amphibus.clock import as_datetime
from amphibus.context import Context
from amphibus.database.delayed import settled_meanwhile
from amphibus.database.faults import is_of_the_database
from amphibus.database.inbox import body_handled
from amphibus.database.lent_session import lend, look_back, take_back
from amphibus.database.persons.bodies import without_once
from amphibus.database.steering.pauses import MODULE_PAUSED, WHOLE_MODULE, Pause
from amphibus.errors import Overdue, Refused, Undecodable
from amphibus.failpoints import failpoint
from amphibus.inbox.attempt import Attempt, Origin, Prepared
from amphibus.inbox.failures import failure_of
from amphibus.inbox.handler_timeout import within
from amphibus.inbox.later import note_later
from amphibus.inbox.outcome import (
    Behind,
    CallNeeded,
    Gone,
    Handled,
    Held,
    Outcome,
    Rejected,
    Unanswered,
    after_failure,
    repeated,
)
from amphibus.inbox.rights.ownership import NotYours, within_rights
from amphibus.inbox.services import InboxServices
from amphibus.inbox.steering.pause import in_words
from amphibus.inbox.timers import PREFIX, is_armed, note_timers
from amphibus.messages.envelope import Envelope, Reply
from amphibus.messages.failure import Failure
from amphibus.messages.json_text import LARGE_BYTES, read_json
from amphibus.process import Process
from amphibus.routing.topology import processes_of
from amphibus.telemetry.logs import about
from amphibus.unit_of_work.transaction import HandlerFailed, Transaction

_CRASHES: Final = 3


class Executor:
    """Runs attempts of one module inside its writer's transactions, and decides what each comes to."""

    def __init__(self, services: InboxServices) -> None:
        module = services.module
        self._services = services
        self._module = module
        self._codec = services.codec
        self._clock = services.clock
        self._journal = services.journal
        self._settings = services.settings
        self._policies = services.policies
        self._declared = frozenset((*module.publishes, *module.sends))
        self._processes = {process.name: process for process in processes_of(module)}

    async def __call__(self, attempt: Attempt, transaction: Transaction) -> Outcome:
        """Attempts a message; returns what became of it if the transaction commits.

        Raises:
            Exception: of the database; the transaction is lost, with all others of its batch.
        """
        attempt.raised = None
        settled = await self._settled_already(attempt, transaction)
        if settled is not None:
            return settled
        if (pause := self._services.pauses.of(attempt.envelope.type)) is not None:
            return self._held(attempt, pause)
        if attempt.prepared.waits:
            return Held(None, attempt.prepared.waits)
        failure = attempt.prepared.failure or self.killer(attempt.envelope)
        if failure is not None:
            return after_failure(attempt, failure, self._policies.of(attempt.route))
        if attempt.prepared.call_skipped:
            return CallNeeded()
        return await self._attempt(attempt, transaction)

    def _held(self, attempt: Attempt, pause: Pause) -> Held | Unanswered:
        if attempt.answer is not None:
            return Unanswered(Reply("unavailable", detail=in_words(pause)))
        if pause.type == WHOLE_MODULE:
            # It is due at once, and nothing that is due begins before the end of the pause.
            return Held(self._clock.now(), MODULE_PAUSED)
        return Held(pause.until)

    def killer(self, envelope: Envelope) -> Failure | None:
        """Returns the failure of a message that has killed its process too often to be run again, or None."""
        crashes = self._journal.suspects.get(self._services.identity(envelope), 0)
        if crashes < _CRASHES:
            return None
        return Failure("crashed", f"killed its process {crashes} times while it ran alone")

    async def _settled_already(self, attempt: Attempt, transaction: Transaction) -> Outcome | None:
        sql, envelope = transaction.sql, attempt.envelope
        if attempt.origin is Origin.DELAYED:
            settled = await settled_meanwhile(sql, attempt.seq)
            if settled is not False:
                return Gone(settled=bool(settled))
        if attempt.of_timer:
            armed = await is_armed(sql, transaction.write_set, envelope)
            return None if armed else Gone(settled=attempt.origin is Origin.DELAYED)
        return None if attempt.origin is Origin.DELAYED else await self._prior(attempt, transaction)

    async def _prior(self, attempt: Attempt, transaction: Transaction) -> Outcome | None:
        """Returns the outcome that a message which has come from elsewhere has before it is run, or None."""
        sql, envelope = transaction.sql, attempt.envelope
        prior = await transaction.prior_outcome(envelope)
        if prior is None:
            return None
        if prior[0] != "waits":
            before = await body_handled(sql, envelope.source, envelope.id)
            entry = attempt.prepared.entry
            kept = partial(without_once, contract=None if entry is None else entry.contract)
            # An older version has kept the whole.
            before, now = None if before is None else kept(before), kept(envelope.body)
            return repeated(*prior, conflicting=await _conflicts(before, now))
        if attempt.origin is Origin.REQUEST:
            detail = "an earlier message of this key waits for its retry"
            return Unanswered(Reply("unavailable", detail=detail))
        return Behind()

    async def _attempt(self, attempt: Attempt, transaction: Transaction) -> Outcome:
        now = self._clock.now()
        context = self._context(attempt, transaction, now)
        await transaction.savepoint()
        try:
            returned = await self._run(attempt, context)
            answer = self._answer(attempt, returned)
            # Here, as converters to older events are code of the module.
            leaving = self._codec.outgoing(context.outgoing, cause=attempt.envelope, now=now)
            failpoint("handler.after")
        except Overdue as error:
            # Its connection may be lost with it: all of the batch is run again, and this one has failed.
            policy = self._policies.of(attempt.route)
            failure = failure_of(error, attempt.prepared.message, policy)
            attempt.prepared = replace(attempt.prepared, failure=failure)
            raise
        except (Exception, SystemExit) as error:
            if transaction.lost or is_of_the_database(error):
                attempt.raised = error
                raise
            if not transaction.undoes:
                raise HandlerFailed from error
            transaction.session.sync_session.expunge_all()
            await transaction.undo()
            if isinstance(error, NotYours):
                transaction.after_commit(partial(self._services.refusals.note, error.refusal))
            return self._after(attempt, error)
        finally:
            context.end()
            take_back(context.db)
        transaction.session.sync_session.expunge_all()
        cause = attempt.envelope
        within = None if attempt.span is None else attempt.span.trace
        timers_cause = cause if within is None else replace(cause, trace=within)
        dues = (
            note_timers(
                transaction.write_set, context.timers, timers_cause, transaction.partitions
            ),
            note_later(transaction, context.later, self._codec, cause, within),
        )
        due = min((each for each in dues if each is not None), default=None)
        for (process, key), state in context.moves.items():
            entered = None if state is None else (process, key, state, now)
            transaction.write_set.moved[process, key] = entered
        transaction.send(leaving, within)
        outcomes = self._services.outcomes
        if leaving and outcomes.followed:
            transaction.after_commit(partial(outcomes.committed, [each for each, _ in leaving]))
        return Handled(Reply("answered", answer), due)

    def _context(self, attempt: Attempt, transaction: Transaction, now: int) -> Context[Any]:
        return Context(
            envelope=attempt.envelope,
            container=self._services.container,
            db=lend(transaction.session),
            now=as_datetime(now),
            declared=self._declared,
            outside=attempt.prepared.outside,
            attempt=attempt.spent + 1,
            body_limit=self._settings.body_limit_bytes,
            cursors=self._services.cursors,
        )

    async def _run(self, attempt: Attempt, context: Context[Any]) -> object:
        envelope = attempt.envelope
        with about(self._module.name, envelope):
            failpoint("timer.before" if attempt.of_timer else "handler.before")
            who = self._services.identity(envelope)
            async with within(self._policies.of(attempt.route).timeout):
                work = self._handler(attempt, context)
                if attempt.span is not None:
                    work = attempt.span.handling(work)
                return await self._journal.watched(who, work)

    async def _handler(self, attempt: Attempt, context: Context[Any]) -> object:
        if attempt.of_timer:
            process, _, deadline = attempt.envelope.type.removeprefix(PREFIX).partition("/")
            await self._process(process).expire(deadline, attempt.envelope.key or "", context)
            returned = None
        else:
            entry, message = _decoded(attempt.prepared)
            message = await within_rights(entry.route, message, context)
            returned = await entry.route.handler(message, context)
        await context.db.flush()
        look_back(context.db)
        return returned

    def _process(self, name: str) -> Process:
        if name not in self._processes:
            raise Undecodable(
                f"module {self._module.name} has no process '{name}'",
                f"it has {', '.join(self._processes) or 'none'}",
                f"declare it again, then: amphibus dead retry --module {self._module.name}",
            )
        return self._processes[name]

    def _answer(self, attempt: Attempt, returned: object) -> bytes:
        entry, message = attempt.prepared.entry, attempt.prepared.message
        if entry is None or message is None:
            return b""
        return self._codec.answer(entry, message, returned)

    def _after(self, attempt: Attempt, error: BaseException) -> Outcome:
        prepared = attempt.prepared
        refuses = codes_of(prepared.entry.contract) if prepared.entry is not None else ()
        if isinstance(error, Refused) and error.code in refuses:
            return Rejected(Reply("refused", code=error.code, detail=error.detail))
        policy = self._policies.of(attempt.route)
        return after_failure(attempt, failure_of(error, prepared.message, policy), policy)


def _decoded(prepared: Prepared) -> tuple[Any, Any]:
    if prepared.entry is None or prepared.message is None:
        raise Undecodable("an attempt without a decoded message")
    return prepared.entry, prepared.message


async def _conflicts(handled: bytes | None, body: bytes) -> bool:
    """Returns whether two bodies say different things; unknown, once the first one is pruned, is no."""
    if handled is None or handled == bytes(body):
        return False
    if len(body) > LARGE_BYTES:
        return await asyncio.to_thread(_differs, handled, body)
    return _differs(handled, body)


def _differs(handled: bytes, body: bytes) -> bool:
    try:
        return bool(read_json(handled) != read_json(body))
    except ValueError:
        return True
