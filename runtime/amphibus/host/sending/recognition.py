"""Recognises the broker that has a sender's messages, by a mark that the sender left there and has noted.

A broker that lost what it had has lost the mark, too; one that was replaced never had it; and one that comes back
after another took its place has the mark from before.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from typing import Final
from uuid import uuid4

from amphibus.database.facts import behind_noted, mark_held, mark_noted, note_behind, note_mark
from amphibus.database.faults import StoreHealth
from amphibus.database.sql import Sql
from amphibus.database.store import Store
from amphibus.failpoints import failpoint
from amphibus.partitions.assignment import LeaseToken, PartitionAssignment
from amphibus.transport import Marks
from amphibus.unit_of_work.transaction import Transaction
from amphibus.unit_of_work.writer import Writer

Receivers = frozenset[str]
_NOBODY: Receivers = frozenset()
_PAUSE_SECONDS: Final = 1.0


class SenderNotes:
    """The notes of a sender in its database: the mark of its broker, and whom it has to ask, by partition.

    Shared by the instances of a module: each writes of its own partitions, and of all once the broker is another.

    What was written for one broker does not follow from a question about another: the mark fences it. What is
    written of a partition is fenced by its lease: another instance may have it by then, and have to ask more.
    """

    def __init__(self, store: Store, writer: Writer, assignment: PartitionAssignment) -> None:
        self._store = store
        self._writer = writer
        self._assignment = assignment
        self._known: dict[int, Receivers] = {}
        """By partition, as far as it is known what stands there."""
        self.mark = ""
        """The mark of the broker that has what this instance has handed over."""

    async def begin(self) -> None:
        """Takes the noted mark for that of the broker which has our messages."""
        self.mark = await self.mark_now()

    async def mark_now(self) -> str:
        """Returns the mark that is noted, perhaps by another instance."""
        return await mark_noted(self._store.reader)

    async def to_be_asked(self, partitions: Collection[int]) -> Receivers:
        """Returns who has to be asked about some partitions."""
        noted = await behind_noted(self._store.reader)
        self._known = {each: noted.get(each, _NOBODY) for each in partitions}
        return _NOBODY.union(*self._known.values())

    async def write(self, partitions: Collection[int], receivers: Receivers) -> bool:
        """Writes down who has to be asked about some partitions: whoever has them after a kill goes on with that.

        Returns False if the mark is another one by now.
        """
        changed = [each for each in partitions if self._known.get(each) != receivers]
        if not changed:
            return True
        for each in changed:
            self._known.pop(each, None)
        tokens = {each: self._assignment.lease_token(each) for each in changed}
        written = await self._writer.submit(partial(_write, self.mark, tokens, receivers))
        if written is None:
            return False
        self._known |= dict.fromkeys(written, receivers)
        return True

    async def renew(self, before: str, mark: str, receivers: Receivers) -> bool:
        """Notes another mark, and in the same transaction that all these have to be asked about every partition.

        Returns False if the mark is not `before` any more.
        """
        every = range(self._assignment.count)
        self._known.clear()
        if not await self._writer.submit(partial(_renew, before, mark, every, receivers)):
            return False
        self._known = dict.fromkeys(every, receivers)
        return True


class Recognition:
    """The one of a sender: every connection to a broker is recognised, or everything is asked about again."""

    def __init__(
        self,
        notes: SenderNotes,
        health: StoreHealth,
        *,
        receivers: Callable[[], Awaitable[Receivers]],
        doubt: Callable[[Receivers], None],
        on_unknown: Callable[[Receivers], None],
    ) -> None:
        self._notes = notes
        self._health = health
        self._receivers = receivers
        self._doubt = doubt
        """Takes messages back until their receivers have been asked."""
        self._on_unknown = on_unknown
        self._marks: Marks | None = None
        """Those of the last connection."""

    async def recognise(self, marks: Marks) -> None:
        """Returns once the noted mark stands at the broker, or all messages are taken back; tries until it could."""
        self._marks = marks
        while True:
            try:
                await self._recognise(marks)
            except Exception as error:
                if not marks.alive:
                    raise
                self._health.failed("mark", error)
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                self._health.recovered("mark")
                return

    async def look_again(self) -> None:
        """Looks for the mark that another instance may have noted, since its broker need not be ours."""
        noted = await self._notes.mark_now()
        if noted == self._notes.mark:
            return
        if self._marks is not None and self._marks.alive:
            await self._recognise(self._marks)
            return
        self._doubt(await self._receivers())
        self._notes.mark = noted  # the next connection is recognised before anything leaves there

    async def _recognise(self, marks: Marks) -> None:
        noted = await self._notes.mark_now()
        while not (noted and await marks.has(noted)):
            if await self._marked(marks, noted):
                return
            noted = await self._notes.mark_now()
        if noted != self._notes.mark:  # another instance has given this broker its mark
            self._doubt(await self._receivers())
            self._notes.mark = noted

    async def _marked(self, marks: Marks, before: str) -> bool:
        """Leaves a new mark at an unknown broker; returns False if another instance was faster.

        The mark counts once it is noted, in one transaction with whom to ask: a kill before that changes nothing.
        """
        failpoint("way.unknown")
        left = uuid4().hex
        mark = left if await marks.put(left) else before
        failpoint("way.marked")
        if not mark:
            return True  # no broker was ever known, and none will be
        receivers = await self._receivers()
        if not await self._notes.renew(before, mark, receivers):
            await marks.take_away(left)
            return False
        failpoint("way.noted")
        self._doubt(receivers)
        self._notes.mark = mark
        if before:
            self._on_unknown(receivers)
        return True


async def _write(
    mark: str,
    tokens: Mapping[int, LeaseToken | None],
    receivers: Receivers,
    transaction: Transaction,
) -> list[int] | None:
    """Returns the partitions that are still held under these tokens and were written of; None for another mark."""
    if await mark_held(transaction.sql) != mark:
        return None
    held = [
        each for each, token in tokens.items() if token is None or token in transaction.lease_tokens
    ]
    await _note(transaction.sql, held, receivers)
    return held


async def _renew(
    before: str,
    mark: str,
    partitions: Collection[int],
    receivers: Receivers,
    transaction: Transaction,
) -> bool:
    if await mark_held(transaction.sql) != before:
        return False
    await note_mark(transaction.sql, mark)
    await _note(transaction.sql, partitions, receivers)
    return True


async def _note(sql: Sql, partitions: Collection[int], receivers: Receivers) -> None:
    for partition in partitions:
        await note_behind(sql, partition, receivers)
