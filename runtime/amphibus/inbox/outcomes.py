"""Writes what became of an attempt: handled, delayed, dead; inside the same transaction."""

from amphibus.clock import Clock
from amphibus.config.settings import BusSettings
from amphibus.database.dead import store_dead
from amphibus.database.delayed import delay_again, remove_delayed, store_delayed
from amphibus.database.inbox import inbox_row
from amphibus.database.sql import Sql
from amphibus.failpoints import failpoint
from amphibus.inbox.attempt import Attempt, Origin, Outcome
from amphibus.inbox.backoff import backoff
from amphibus.inbox.timers import remove_timer
from amphibus.messages.envelope import Envelope, Reply
from amphibus.messages.failure import Failure
from amphibus.partitions.assignment import partition_of
from amphibus.unit_of_work.transaction import Transaction

_FINAL = frozenset(("undecodable", "crashed", "oversized", "forged", "undelivered"))
"""Reasons for which trying again is useless."""


class OutcomeRecorder:
    """The records of one module: inbox, delayed messages, dead letters."""

    def __init__(self, clock: Clock, settings: BusSettings, partitions: int) -> None:
        self._clock = clock
        self._settings = settings
        self._partitions = partitions

    def partition(self, envelope: Envelope) -> int:
        """The partition that it belongs to."""
        return partition_of(envelope.key, envelope.id, self._partitions)

    async def failed(self, sql: Sql, attempt: Attempt, failure: Failure) -> Outcome:
        """Tries again at once, delays it or makes it a dead letter, as the failure and the attempts spent say."""
        attempt.failed = failure
        final = failure.reason in _FINAL
        if failure.reason != "unavailable":
            attempt.failures += 1
            if not final and self._quick(attempt):
                return Outcome.RETRY
        if attempt.origin is Origin.REQUEST:
            outcome = "unavailable" if failure.reason == "unavailable" else "failed"
            attempt.reply = Reply(outcome, detail=failure.error)
            return Outcome.FAILED
        if final or attempt.failures >= self._settings.max_attempts:
            return await self._die(sql, attempt, failure)
        return await self._delay(sql, attempt, failure)

    def _quick(self, attempt: Attempt) -> bool:
        first_arrival = attempt.origin in (Origin.DELIVERY, Origin.REQUEST)
        return first_arrival and attempt.failures <= min(
            self._settings.quick_retries, self._settings.max_attempts - 1
        )

    async def _delay(self, sql: Sql, attempt: Attempt, failure: Failure) -> Outcome:
        failpoint("delay.before")
        pause = (
            int(failure.retry_after * 1_000_000)
            if failure.retry_after
            else backoff(self._settings, attempt.tries)
        )
        due = self._clock.now() + pause
        if attempt.origin is Origin.DELAYED:
            await delay_again(
                sql,
                attempt.seq,
                attempts=attempt.failures,
                tries=attempt.tries + 1,
                due=due,
                error=failure.error,
            )
        else:
            await store_delayed(
                sql,
                attempt.envelope,
                received=attempt.received,
                attempts=attempt.failures,
                tries=1,
                due=due,
                error=failure.error,
                partition=self.partition(attempt.envelope),
            )
            if attempt.origin is Origin.TIMER:
                await remove_timer(sql, attempt.envelope)
        attempt.wakes_at = due
        return Outcome.DELAYED

    async def _die(self, sql: Sql, attempt: Attempt, failure: Failure) -> Outcome:
        blocks = attempt.entry is not None and attempt.entry.route.on_dead == "block"
        await store_dead(
            sql,
            attempt.envelope,
            failure,
            received=attempt.received,
            attempts=attempt.failures,
            now=self._clock.now(),
            blocks=blocks,
        )
        await self.leave_origin(sql, attempt)
        return Outcome.DEAD

    async def record(
        self, transaction: Transaction, attempt: Attempt, outcome: Outcome, answer: bytes
    ) -> None:
        """Writes the inbox row: it is handled, once and for all."""
        transaction.write_set.inbox.append(
            inbox_row(
                attempt.envelope,
                received=attempt.received,
                handled=self._clock.now(),
                attempts=attempt.spent + 1,
                outcome=outcome.value,
                answer=answer or None,
            )
        )
        await self.leave_origin(transaction.sql, attempt)

    async def leave_origin(self, sql: Sql, attempt: Attempt) -> None:
        """Removes it from where it waited; the next one of its ordering key goes on, unless a dead one blocks it."""
        if attempt.origin is Origin.DELAYED:
            now = self._clock.now()
            if await remove_delayed(sql, attempt.seq, attempt.envelope.ordering_key, now):
                attempt.wakes_at = now
        elif attempt.origin is Origin.TIMER:
            await remove_timer(sql, attempt.envelope)
