"""Commands that handlers send later: kept with the handler's transaction, sent in one of their own when due."""

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from amphibus.clock import Clock, as_microseconds
from amphibus.context import LaterMessage
from amphibus.database.later import LaterCommand, later_due, take_later
from amphibus.database.store import Store
from amphibus.database.write_set import TimerKey
from amphibus.messages.envelope import Envelope
from amphibus.partitions.assignment import LeaseToken, PartitionAssignment, only, partition_of
from amphibus.routing.codec import Codec
from amphibus.telemetry.tracing import switch
from amphibus.unit_of_work.transaction import Transaction
from amphibus.unit_of_work.writer import Writer


def note_later(
    transaction: Transaction,
    wanted: Mapping[TimerKey, LaterMessage | None],
    codec: Codec,
    cause: Envelope,
    within: str | None = None,
) -> int | None:
    """Keeps and recalls later commands with the commit; returns the earliest time that was set.

    Their spans are told of now, `within` a trace: nobody knows that any more once they are due.
    """
    earliest: int | None = None
    for (name, key), each in wanted.items():
        if each is None:
            transaction.write_set.later[name, key] = None
            continue
        due = as_microseconds(each.due)
        envelope, destinations = codec.later(
            each.message, each.body, cause=cause, due=due, identity=each.id
        )
        partition = partition_of(envelope.key, envelope.id, transaction.partitions)
        kept = LaterCommand(name, key, due, "".join(destinations), partition, envelope)
        transaction.write_set.later[name, key] = kept.row
        earliest = due if earliest is None else min(due, earliest)
        if within is not None and switch.spans is not None:
            leaving = [(envelope, destinations)]
            transaction.after_commit(partial(switch.spans.sent, leaving, within, time.time_ns()))
    return earliest


class LaterSender:
    """Moves later commands that are due into the outbox of their module. Lives as long as it is hosted."""

    def __init__(
        self, store: Store, writer: Writer, assignment: PartitionAssignment, clock: Clock
    ) -> None:
        self._store = store
        self._writer = writer
        self._assignment = assignment
        self._clock = clock

    async def send_due(self, *, limit: int) -> None:
        """Sends what is due, each under its own id: once, whatever ends in between.

        Raises:
            Exception: of the database; nothing was sent.
        """
        found = await later_due(
            self._store.reader, self._clock.now(), limit=limit, only=only(self._assignment)
        )
        if found:
            held = [(each, self._assignment.lease_token(each.partition)) for each in found]
            await self._writer.submit(partial(self._send, held))

    async def _send(
        self, held: list[tuple[LaterCommand, LeaseToken | None]], transaction: Transaction
    ) -> None:
        now = self._clock.now()
        for each, token in held:
            if token is not None and token not in transaction.lease_tokens:
                continue
            # A handler of the same commit may have replaced or recalled it.
            if (each.name, each.key) in transaction.write_set.later:
                continue
            if await take_later(transaction.sql, each):
                destinations = (each.destination,) if each.destination else ()
                transaction.send([(replace(each.envelope, time=now), destinations)])
