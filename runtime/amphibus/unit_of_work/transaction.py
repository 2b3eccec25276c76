"""The writes of a unit of work, until they are committed together with others."""

import time
from collections.abc import Callable, Sequence
from functools import partial

from sqlmodel.ext.asyncio.session import AsyncSession

from amphibus.database.envelope_rows import columns_of
from amphibus.database.inbox import prior_outcome
from amphibus.database.sql import Sql
from amphibus.database.store import Connection
from amphibus.database.write_set import Row, WriteSet
from amphibus.messages.envelope import Envelope
from amphibus.partitions.assignment import LeaseToken, PartitionAssignment, partition_of
from amphibus.telemetry.tracing import switch

OutboxRow = tuple[int, Envelope, tuple[str, ...]]
"""A committed row of the outbox: its number, the message, its destinations, which may be none."""


class Transaction:
    """The writes that a unit of work may do. Lives as long as the batch that it is committed with."""

    __slots__ = (
        "_assignment",
        "_connection",
        "_leaving",
        "_prior_outcomes",
        "lease_tokens",
        "partitions",
        "session",
        "sql",
        "then",
        "traces",
        "undoes",
        "write_set",
    )

    def __init__(
        self, connection: Connection, assignment: PartitionAssignment, *, alone: bool
    ) -> None:
        self._connection = connection
        self._assignment = assignment
        self.undoes = alone or connection.undoes
        """Whether a unit that fails is taken back by itself; if not, it must fail the whole batch."""
        self._prior_outcomes: dict[tuple[str, str], Row] = {}
        self.partitions = assignment.count
        self.lease_tokens: frozenset[LeaseToken] = frozenset()
        """The partitions that this instance has until the end of it, each with its token."""
        self.sql: Sql = connection.sql
        self.session: AsyncSession = connection.session
        self.write_set = WriteSet()
        self._leaving: list[tuple[Envelope, tuple[str, ...]]] = []
        self.then: list[Callable[[], None]] = []
        self.traces: list[str] = []
        """The flows that are traced and have a part in it; see `telemetry.tracing`."""

    @property
    def lost(self) -> bool:
        """True if the transaction was ended behind our back."""
        return not self._connection.in_transaction

    def send(
        self, envelopes: Sequence[tuple[Envelope, tuple[str, ...]]], within: str | None = None
    ) -> None:
        """Writes messages to the outbox, with a row for each destination, when the units are through.

        Where spans are wanted, those of the messages are `within` a trace, or begin one if it is empty.
        """
        write_set = self.write_set
        for envelope, destinations in envelopes:
            partition = partition_of(envelope.key, envelope.id, self.partitions)
            write_set.outbox.append((columns_of(envelope), destinations, partition))
        self._leaving += envelopes
        if within is not None and switch.spans is not None:
            self.after_commit(partial(switch.spans.sent, envelopes, within, time.time_ns()))

    async def check(self, envelopes: Sequence[Envelope] = ()) -> None:
        """Fills `lease_tokens` with what this instance holds until the end.

        It asks a server for the prior outcomes of the units' messages in the same round trip.
        """
        asked = envelopes if self._connection.is_remote else ()
        messages = [(each.source, each.id, each.ordering_key) for each in asked]
        self.lease_tokens, found = await self._assignment.check(self.sql, messages)
        for each, prior in zip(asked, found, strict=True):
            if prior is not None:
                self._prior_outcomes[each.source, each.id] = prior

    async def prior_outcome(self, envelope: Envelope) -> Row | None:
        """Returns what stands against running the message of a unit; see `database.inbox.prior_outcome`.

        A file is asked when the unit's turn comes: those that a slice of time leaves out would be looked up in vain.
        """
        if self._connection.is_remote:
            return self._prior_outcomes.get((envelope.source, envelope.id))
        return await prior_outcome(self.sql, envelope)

    async def savepoint(self) -> None:
        """Sets the point that `undo` goes back to."""
        await self._connection.savepoint()

    async def undo(self) -> None:
        """Takes back the writes since the savepoint, with the lock on our row, which it then takes again."""
        await self._connection.undo()
        await self.check()

    async def flush(self) -> list[OutboxRow]:
        """Writes the records; returns the messages sent."""
        if not self.write_set:
            return []
        numbers = await self.sql.flush(self.write_set)
        return [
            (seq, envelope, destinations)
            for seq, (envelope, destinations) in zip(numbers, self._leaving, strict=True)
        ]

    def after_commit(self, action: Callable[[], None]) -> None:
        """Runs a callback when all of this is durable, and never otherwise."""
        self.then.append(action)


class HandlerFailed(Exception):
    """A unit failed that cannot be taken back by itself: the batch is rolled back, its units rerun singly."""
