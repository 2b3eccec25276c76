"""Messages that wait for their turn among the delayed ones, since too many wait in memory, and come back in order."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from amphibus.clock import Clock
from amphibus.database.steering.limits import let_go_of, waiting_for_turns
from amphibus.database.steering.permits import Line
from amphibus.database.store import Store
from amphibus.inbox.limits.in_force import LimitsInForce
from amphibus.inbox.limits.line import WaitingLine
from amphibus.partitions.assignment import PartitionAssignment, only
from amphibus.unit_of_work.transaction import Transaction
from amphibus.unit_of_work.writer import Writer

ROOM: Final = 64
"""Most messages of a line that wait in memory, and so take up the windows of their senders."""
_LOW: Final = 16
_LATE_SECONDS: Final = 5.0
"""The time in which those that were let go of come."""
_ALL: Final = 1_000_000


@dataclass(slots=True)
class _Coming:
    """The number of those that were let go of and are not here yet, and since when."""

    count: int = 0
    since: float = float("-inf")
    busy: bool = False
    """More are about to be let go of."""
    leaving: int = 0
    """So many are on their way to the delayed ones."""


class Overflow:
    """The lines of one module of which messages wait among the delayed ones of this instance's partitions."""

    def __init__(
        self, store: Store, writer: Writer, assignment: PartitionAssignment, clock: Clock
    ) -> None:
        self._store = store
        self._writer = writer
        self._assignment = assignment
        self._clock = clock
        self._lines: dict[Line, _Coming] = {}
        self._look = True
        self.on_let_go: Callable[[], None] = lambda: None
        assignment.on_change.append(lambda _gained, _lost: self.look_again())

    def __contains__(self, line: Line) -> bool:
        return line in self._lines

    def __bool__(self) -> bool:
        return self._look or bool(self._lines)

    def look_again(self) -> None:
        """Looks again what waits: there may be partitions of which it is not known."""
        self._look = True

    def leaves(self, line: Line) -> None:
        """A message of a line is on its way to the delayed ones."""
        self._lines.setdefault(line, _Coming()).leaving += 1

    def left(self, line: Line) -> None:
        """It is there, or is not to be."""
        self._lines.setdefault(line, _Coming(leaving=1)).leaving -= 1

    def came(self, line: Line) -> None:
        """A message of a line came back from there."""
        if line in self._lines:
            self._lines[line].count -= 1

    async def refill(self, lines: Mapping[Line, WaitingLine], in_force: LimitsInForce) -> None:
        """Lets messages come back as far as there is room again; all of a type that is not limited any more.

        Raises:
            Exception: of the database.
        """
        if self._look:
            await self._find(frozenset(in_force.policies))
        for key, coming in list(self._lines.items()):
            line = lines.get(key)
            waiting = 0 if line is None else len(line.waiting)
            late = time.monotonic() - coming.since > _LATE_SECONDS
            if waiting <= _LOW and not coming.busy and (coming.count <= 0 or late):
                limited = key[0] in in_force.by_type
                self._let_go(key, coming, ROOM - _LOW if limited else _ALL)

    async def _find(self, types: frozenset[str]) -> None:
        self._look = False
        try:
            found = await waiting_for_turns(self._store.reader, types, only(self._assignment))
        except BaseException:
            self._look = True
            raise
        for line in found:
            self._lines.setdefault(line, _Coming())

    def _let_go(self, line: Line, coming: _Coming, limit: int) -> None:
        """Does not wait for it: a handler that takes long would hold up the turns of all others."""
        coming.busy = True
        future = self._writer.submit(partial(self._job, line, limit))
        future.add_done_callback(partial(self._let_go_of, line, coming, limit))

    def _let_go_of(
        self, line: Line, coming: _Coming, limit: int, future: "asyncio.Future[int]"
    ) -> None:
        coming.busy, coming.since = False, time.monotonic()
        if future.cancelled() or future.exception() is not None:
            coming.count = 1  # it is tried again in a while
            return
        found = future.result()
        coming.count = found if limit < _ALL else 0  # of a type without a limit none is counted in
        if found:
            self.on_let_go()
        elif not coming.leaving:
            self._lines.pop(line, None)

    async def _job(self, line: Line, limit: int, transaction: Transaction) -> int:
        now, mine = self._clock.now(), only(self._assignment)
        return await let_go_of(transaction.sql, line, now, limit=limit, only=mine)
