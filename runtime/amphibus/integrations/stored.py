"""The statements of a relay in the application's database, each in a short transaction of its own."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from types import MappingProxyType
from typing import Final

from sqlalchemy import case, delete, func, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from amphibus.access.outside_message import OutsideSender
from amphibus.clock import SECOND
from amphibus.integrations.bounded_session import bounded_session
from amphibus.integrations.server_time import now_in
from amphibus.integrations.tables import OutgoingMessage, RelayLease
from amphibus.messages.envelope import Envelope

_AT_ONCE: Final = 500
"""Rows that are removed by one statement: databases limit its parameters."""
_ANSWER_SECONDS: Final = 15.0
"""The time in which the database answers; a connection that is half open never does."""


class StoredMessages:
    """The rows of one source."""

    def __init__(self, engine: AsyncEngine, sender: OutsideSender) -> None:
        self._sessions = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
        self._sender = sender

    def _transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A session for a moment."""
        return bounded_session(self._sessions, _ANSWER_SECONDS)

    async def destinations(self) -> list[str]:
        """Returns the modules that anything waits for."""
        async with self._transaction() as session:
            found = await session.scalars(
                select(OutgoingMessage.destination)
                .where(OutgoingMessage.source == self._sender.source)
                .distinct()
            )
            return sorted(found)

    async def waiting(self) -> int:
        """Returns how many messages wait."""
        async with self._transaction() as session:
            count = await session.scalar(
                select(func.count())
                .select_from(OutgoingMessage)
                .where(OutgoingMessage.source == self._sender.source)
            )
            return count or 0

    async def oldest(
        self, destination: str, limit: int, *, besides: Collection[str] = ()
    ) -> list[tuple[int, Envelope]]:
        """Returns the first messages to a module, oldest first, each with its number.

        Those of some turns are left out: `key K`, or `id I` of a message without a key.
        """
        turn = case(
            (OutgoingMessage.key.is_(None), literal("id ") + OutgoingMessage.id),
            else_=literal("key ") + OutgoingMessage.key,
        )
        wanted = select(OutgoingMessage).where(
            OutgoingMessage.source == self._sender.source,
            OutgoingMessage.destination == destination,
        )
        if besides:
            wanted = wanted.where(turn.not_in(besides))
        async with self._transaction() as session:
            rows = await session.scalars(wanted.order_by(OutgoingMessage.seq).limit(limit))
            return [(row.seq, self._envelope(row)) for row in rows]

    async def remove(self, numbers: Sequence[int]) -> None:
        """Forgets messages that are safe at their receiver."""
        for begin in range(0, len(numbers), _AT_ONCE):
            await self._remove(numbers[begin : begin + _AT_ONCE])

    async def take_lease(self, holder: str, seconds: float) -> bool:
        """Takes or keeps the lease; returns whether it is the holder's now."""
        source = self._sender.source
        async with self._transaction() as session:
            now = now_in(session)
            until = now + int(seconds * SECOND)
            ours = await session.scalar(
                update(RelayLease)
                .where(
                    RelayLease.source == source,
                    (RelayLease.holder == holder) | (RelayLease.until < now),
                )
                .values(holder=holder, until=until)
                .returning(RelayLease.source)
            )
            if ours is None and await session.get(RelayLease, source) is None:
                session.add(RelayLease(source=source, holder=holder, until=until))
                ours = source
            try:
                await session.commit()
            except IntegrityError:
                return False  # another one was first
        return ours is not None

    async def give_lease_back(self, holder: str) -> None:
        """Lets another relay begin at once."""
        async with self._transaction() as session:
            await session.execute(delete(RelayLease).where(RelayLease.holder == holder))
            await session.commit()

    async def _remove(self, numbers: Collection[int]) -> None:
        async with self._transaction() as session:
            await session.execute(delete(OutgoingMessage).where(OutgoingMessage.seq.in_(numbers)))
            await session.commit()

    def _envelope(self, row: OutgoingMessage) -> Envelope:
        return Envelope(
            id=row.id,
            type=row.type,
            source=row.source,
            key=row.key,
            time=row.time,
            correlation=row.correlation,
            causation=row.causation,
            trace=row.trace,
            body=row.body,
            extra=MappingProxyType(dict(self._sender.principal)),
        )
