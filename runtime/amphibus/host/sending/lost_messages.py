"""Finds what a sender has handed over and a receiver does not have, and puts it in line again.

The receivers' word makes the question small: what they have said to have is not asked about.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from functools import partial
from typing import Any, Final

from amphibus.clock import SECOND, Clock
from amphibus.database.outbox import HandedOver, number_after, numbered_from, put_in_line
from amphibus.database.store import Store
from amphibus.database.upkeep.awaited import (
    asked_up_to,
    handed_over_awaited,
    handed_over_unasked,
)
from amphibus.errors import RequestError
from amphibus.failpoints import failpoint
from amphibus.host.sending.arrival_question import ArrivalQuestion
from amphibus.host.sending.routes import SenderRoutes
from amphibus.partitions.assignment import PartitionAssignment, partition_of
from amphibus.unit_of_work.transaction import Transaction
from amphibus.unit_of_work.writer import Writer

_TOGETHER_SECONDS: Final = 0.5
_PAGE: Final = 500
_LATEST_COMMIT: Final = 600 * SECOND
"""So long after its time a message is committed at the latest."""


class LostMessages:
    """Those of the partitions that this instance of a sender has."""

    def __init__(
        self,
        *,
        store: Store,
        assignment: PartitionAssignment,
        writer: Writer,
        question: ArrivalQuestion,
        routes: SenderRoutes,
        clock: Clock,
    ) -> None:
        self._store = store
        self._assignment = assignment
        self._writer = writer
        self._question = question
        self._routes = routes
        self._clock = clock

    async def put_in_line(self, receivers: Collection[str]) -> AsyncGenerator[dict[str, int]]:
        """Asks receivers, and lets everything wait again that has not arrived.

        Yields who has answered, each with how much that was; those together that answer at about the same time.
        """
        asked = {asyncio.ensure_future(self._put_in_line(each)): each for each in receivers}
        left = set(asked)
        try:
            while left:
                done, left = await asyncio.wait(left, timeout=_TOGETHER_SECONDS)
                told = {asked[each]: each.result() for each in done}
                found = {name: count for name, count in told.items() if count is not None}
                if found:
                    yield found
        finally:
            for each in left:
                each.cancel()
            await asyncio.gather(*asked, return_exceptions=True)

    async def _put_in_line(self, receiver: str) -> int | None:
        """Lets everything wait again that has not arrived; returns how much, or None if the receiver is silent."""
        count = 0
        try:
            async for page in self._handed_over(receiver):
                lost = await self._not_arrived(receiver, page)
                if lost:
                    failpoint("way.before_line")
                    await self._writer.submit(partial(_put_in_line, receiver, lost))
                    failpoint("way.in_line")
                count += len(lost)
        except RequestError:
            return None
        return count

    async def _handed_over(self, receiver: str) -> AsyncIterator[Sequence[HandedOver]]:
        """Pages of what left for a receiver, without its word that it has arrived."""
        sql = self._store.reader
        routes = await self._routes.now(self._writer)
        begun = {
            name.partition(" ")[0]: since
            for name, since in routes.items()
            if name.partition(" ")[2] == receiver
        }
        if begun:
            recent = await numbered_from(sql, self._clock.now() - _LATEST_COMMIT)
            beyond = min(await asked_up_to(sql), recent)
            since = self._question.known_since
            of_types = partial(handed_over_unasked, sql, receiver, [*begun], since=since)
            while (up_to := await number_after(sql, beyond, messages=_PAGE)) is not None:
                if page := await of_types(beyond=beyond, up_to=up_to):
                    await self._question.ask(receiver, ())  # it says how far it has forgotten
                    known_since = self._question.known_since_by(receiver)
                    of_it = [each for each in page if each.time >= known_since]
                    yield [each for each in of_it if each.seq > begun[each.type]]
                beyond = up_to
                await asyncio.sleep(0)
        async for page in _pages(partial(handed_over_awaited, sql, receiver), 0):
            yield page

    async def _not_arrived(
        self, receiver: str, page: Sequence[HandedOver]
    ) -> list[tuple[int, int]]:
        """Returns the numbers and partitions of messages of ours that have not arrived."""
        count, owned = self._assignment.count, self._assignment.owned
        ours = {each.id: (each.seq, partition_of(each.key, each.id, count)) for each in page}
        ids = [name for name, (_, partition) in ours.items() if partition in owned]
        missing: set[str] = set()
        for piece in self._question.pieces(ids):
            missing |= await self._question.ask(receiver, piece)
        return [ours[each] for each in ids if each in missing]


async def _pages(read: Any, beyond: int) -> AsyncIterator[list[HandedOver]]:
    while True:
        page: list[HandedOver] = await read(beyond=beyond, limit=_PAGE)
        if page:
            yield page
        if len(page) < _PAGE:
            return
        beyond = page[-1].seq
        await asyncio.sleep(0)  # reads of a file never suspend


async def _put_in_line(
    receiver: str, messages: Sequence[tuple[int, int]], transaction: Transaction
) -> None:
    await put_in_line(transaction.sql, receiver, messages)
