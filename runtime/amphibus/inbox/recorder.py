"""Writes the outcome of an attempt with its transaction: inbox row, delayed message, dead letter, or nothing."""

import json
from dataclasses import replace
from typing import Final

from amphibus.access.refusal_counts import RefusalCounts
from amphibus.access.speakers import forgery_of
from amphibus.clock import SECOND, Clock
from amphibus.database.acting.audit import note_act, refused
from amphibus.database.acting.dead import store_dead
from amphibus.database.delayed import delay_again, remove_delayed, store_delayed
from amphibus.database.inbox import inbox_row
from amphibus.database.persons.bodies import without_once
from amphibus.database.sql import Sql
from amphibus.database.stuck_keys import hold_place
from amphibus.failpoints import failpoint
from amphibus.inbox.attempt import Attempt, Origin
from amphibus.inbox.outcome import Behind, Dead, Delayed, Gone, Handled, Held, Outcome, Rejected
from amphibus.inbox.timers import leave_timer, remove_timer
from amphibus.messages.envelope import Envelope
from amphibus.partitions.assignment import partition_of
from amphibus.unit_of_work.transaction import Transaction

_LONG: Final = 3_600 * SECOND
"""The time after which a message looks by itself whether it may go on."""
_KEPT_OF_USELESS: Final = 64 * 1024
"""Bytes that are kept of a body which nobody may ever handle."""
_USELESS: Final = frozenset(("oversized", "forged"))


class OutcomeRecorder:
    """Keeps the records of one module. Each verb is part of the transaction that it is given."""

    def __init__(self, clock: Clock, partitions: int, refusals: RefusalCounts) -> None:
        self._clock = clock
        self._refusals = refusals
        self._partitions = partitions

    async def record(
        self, attempt: Attempt, outcome: Outcome, transaction: Transaction
    ) -> int | None:
        """Writes what has to be remembered; returns when something of the module is due by it, if anything is.

        Raises:
            Exception: of the database; the transaction is lost.
        """
        match outcome:
            case Handled(reply, due):
                due_next = await self._handled(attempt, "handled", reply.body, transaction)
                return min((each for each in (due, due_next) if each is not None), default=None)
            case Rejected(reply):
                kept = json.dumps({"code": reply.code, "detail": reply.detail}).encode()
                return await self._handled(attempt, "refused", kept, transaction)
            case Behind():
                await hold_place(transaction.sql, attempt.ordering_key)
                await self._store(transaction.sql, attempt, attempts=0, tries=0, due=None, error="")
            case Held() | Delayed():
                return await self._wait(attempt, outcome, transaction.sql)
            case Dead():
                return await self._dead(attempt, outcome, transaction.sql)
            case Gone(settled=True):
                return await self._leave_origin(transaction.sql, attempt)
        return None

    async def _handled(
        self, attempt: Attempt, outcome: str, answer: bytes, transaction: Transaction
    ) -> int | None:
        now = self._clock.now()
        transaction.write_set.inbox.append(
            inbox_row(
                _kept(attempt),
                received=attempt.received,
                handled=now,
                attempts=attempt.spent + 1,
                outcome=outcome,
                answer=answer or None,
            )
        )
        return await self._leave_origin(transaction.sql, attempt)

    async def _wait(self, attempt: Attempt, outcome: Held | Delayed, sql: Sql) -> int:
        if isinstance(outcome, Held):
            return await self._hold(attempt, outcome, sql)
        return await self._delay(attempt, outcome, sql)

    async def _hold(self, attempt: Attempt, outcome: Held, sql: Sql) -> int:
        """Lets it wait for the end of a pause, or for its turn; whoever ends that sooner makes it due."""
        due, why = outcome.until or self._clock.now() + _LONG, outcome.why
        spent, tries = attempt.spent, attempt.tries
        if attempt.origin is Origin.DELAYED:
            await delay_again(sql, attempt.seq, attempts=spent, tries=tries, due=due, error=why)
        else:
            await self._store(sql, attempt, attempts=spent, tries=tries, due=due, error=why)
        return due

    async def _delay(self, attempt: Attempt, outcome: Delayed, sql: Sql) -> int:
        failpoint("delay.before")
        due = self._clock.now() + outcome.pause
        tries, error = attempt.tries + 1, outcome.failure.error
        if attempt.origin is Origin.DELAYED:
            await delay_again(
                sql, attempt.seq, attempts=outcome.failures, tries=tries, due=due, error=error
            )
            return due
        await self._store(
            sql, attempt, attempts=outcome.failures, tries=tries, due=due, error=error
        )
        if attempt.origin is Origin.TIMER:
            await leave_timer(sql, attempt.envelope)
        return due

    async def _store(
        self, sql: Sql, attempt: Attempt, *, attempts: int, tries: int, due: int | None, error: str
    ) -> None:
        envelope = attempt.envelope
        await store_delayed(
            sql,
            envelope,
            received=attempt.received,
            attempts=attempts,
            tries=tries,
            due=due,
            error=error,
            partition=partition_of(envelope.key, envelope.id, self._partitions),
        )

    async def _dead(self, attempt: Attempt, outcome: Dead, sql: Sql) -> int | None:
        await store_dead(
            sql,
            _shortened(attempt.envelope, outcome.failure.reason),
            outcome.failure,
            received=attempt.received,
            attempts=outcome.failures,
            now=self._clock.now(),
            blocks=outcome.blocks,
        )
        if outcome.failure.reason == "forged":
            await self._note_forgery(attempt.envelope, outcome.failure.error, sql)
        if attempt.origin is Origin.TIMER:
            # An operator may retry it, and the process disarm it until then.
            await leave_timer(sql, attempt.envelope)
            return None
        return await self._leave_delayed(sql, attempt)

    async def _note_forgery(self, envelope: Envelope, why: str, sql: Sql) -> None:
        """Writes it into the audit too, or counts it where there are too many."""
        refusal = forgery_of(envelope, why)
        if self._refusals.row():
            await note_act(sql, refused(refusal, self._clock.now()))
        else:
            self._refusals.note(refusal)

    async def _leave_origin(self, sql: Sql, attempt: Attempt) -> int | None:
        """Removes it from where it waited; returns when the next of its key is due, if it may go on."""
        if attempt.of_timer:
            await remove_timer(sql, attempt.envelope)
        return await self._leave_delayed(sql, attempt)

    async def _leave_delayed(self, sql: Sql, attempt: Attempt) -> int | None:
        if attempt.origin is not Origin.DELAYED:
            return None
        now = self._clock.now()
        key = attempt.ordering_key
        return now if await remove_delayed(sql, attempt.seq, key, now) else None


def _kept(attempt: Attempt) -> Envelope:
    """Returns a message that was handled as it is kept: without what is needed once."""
    envelope, entry = attempt.envelope, attempt.prepared.entry
    body = without_once(envelope.body, None if entry is None else entry.contract)
    return envelope if body is envelope.body else replace(envelope, body=body)


def _shortened(envelope: Envelope, reason: str) -> Envelope:
    if reason in _USELESS and len(envelope.body) > _KEPT_OF_USELESS:
        return replace(envelope, body=envelope.body[:_KEPT_OF_USELESS])
    return envelope
