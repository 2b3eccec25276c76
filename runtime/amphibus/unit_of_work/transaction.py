"""What a unit of work writes, until it is committed together with others."""

from collections.abc import Callable, Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from amphibus.database.envelope_rows import columns_of
from amphibus.database.sql import Sql
from amphibus.database.store import Connection
from amphibus.database.write_set import Records, Row
from amphibus.messages.envelope import Envelope
from amphibus.partitions.assignment import Grip, Shares, partition_of

Outgoing = tuple[int, Envelope, tuple[str, ...]]
"""A committed row of the outbox: its number, the message, its destinations, which may be none."""


class Transaction:
    """What a unit of work may do. Lives as long as the batch that it is committed with."""

    __slots__ = (
        "_connection",
        "_leaving",
        "_shares",
        "grips",
        "partitions",
        "pasts",
        "records",
        "session",
        "sql",
        "then",
        "undoes",
    )

    def __init__(self, connection: Connection, shares: Shares, *, alone: bool) -> None:
        self._connection = connection
        self._shares = shares
        self.undoes = alone or connection.undoes
        """Whether a unit that fails is taken back by itself; if not, it must fail the whole batch."""
        self.pasts: dict[tuple[str, str], Row] = {}
        """What stands against running the messages of its units, by source and id; see `past_of`."""
        self.partitions = shares.count
        self.grips: frozenset[Grip] = frozenset()
        """The partitions that this instance has until the end of it, each with its token."""
        self.sql: Sql = connection.sql
        self.session: AsyncSession = connection.session
        self.records = Records()
        self._leaving: list[tuple[Envelope, tuple[str, ...]]] = []
        self.then: list[Callable[[], None]] = []

    @property
    def lost(self) -> bool:
        """Whether it was ended behind our back."""
        return not self._connection.in_transaction

    def send(self, envelopes: Sequence[tuple[Envelope, tuple[str, ...]]]) -> None:
        """Writes messages to the outbox, with a row for each destination, when the units are through."""
        records = self.records
        for envelope, destinations in envelopes:
            part = partition_of(envelope.key, envelope.id, self.partitions)
            records.outbox.append((columns_of(envelope), destinations, part))
        self._leaving += envelopes

    async def check(self, envelopes: Sequence[Envelope] = ()) -> None:
        """Fills `grips`, with what is ours now and stays ours until the end; and `pasts`, of some messages."""
        messages = [(each.source, each.id, each.lane) for each in envelopes]
        self.grips, found = await self._shares.check(self.sql, messages)
        for each, past in zip(envelopes, found, strict=True):
            if past is not None:
                self.pasts[each.source, each.id] = past

    async def savepoint(self) -> None:
        """Where `undo` goes back to."""
        await self._connection.savepoint()

    async def undo(self) -> None:
        """Takes back what was done since the savepoint, a lock of what is ours with it: so that is locked again."""
        await self._connection.undo()
        await self.check()

    async def keep(self) -> list[Outgoing]:
        """Writes the records; returns what was sent."""
        if not self.records:
            return []
        numbers = await self.sql.keep(self.records)
        return [
            (seq, envelope, destinations)
            for seq, (envelope, destinations) in zip(numbers, self._leaving, strict=True)
        ]

    def after_commit(self, action: Callable[[], None]) -> None:
        """Runs when all of this is durable, and never otherwise."""
        self.then.append(action)


class HandlerFailed(Exception):
    """A unit failed that cannot be taken back by itself: the batch is rolled back, its units rerun singly."""
