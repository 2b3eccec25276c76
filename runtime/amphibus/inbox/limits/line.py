"""The messages of one type that wait for their turn, in the order in which they came."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from amphibus.clock import SECOND
from amphibus.database.steering.permits import Line
from amphibus.inbox.attempt import Attempt
from amphibus.inbox.limits.turn import Turn
from amphibus.policy.rate import CLOCK_WENT_BACK

_STALE: Final = SECOND
"""Microseconds by which a turn may be late, or a tenth of its interval: else others would follow too closely."""


class Limit(NamedTuple):
    """The limit of a type."""

    at_most: int | None = None
    interval: int | None = None
    """Microseconds from one that begins to the next."""
    per_second: float = 0.0


@dataclass(slots=True, eq=False)
class Waiting:
    """An attempt that waits for its turn."""

    attempt: Attempt
    turn: "asyncio.Future[Turn | None]"
    """None: it is given up."""

    async def given(self, patience: float | None) -> Turn | None:
        """Returns its turn, or None where it is given up.

        Raises:
            TimeoutError: none came within so many seconds.
        """
        try:
            async with asyncio.timeout(patience):
                return await self.turn
        except BaseException as error:
            # It may have come in the same moment, and nobody else would give it back.
            turn = None if self.turn.cancelled() or not self.turn.done() else self.turn.result()
            if turn is None:
                raise
            if isinstance(error, TimeoutError):
                return turn
            turn.end()
            raise


class WaitingLine:
    """Lives while anything of it waits or is under way."""

    def __init__(self, key: Line, limit: Limit, *, shared: bool, most_here: int) -> None:
        self.key = key
        self._most_here = most_here
        """The number that may be under way in this instance where the limit says none."""
        self.limit = limit
        self._shared = shared
        self.waiting: deque[Waiting] = deque()
        self.in_use = 0
        self.held = 0
        """Permits that this instance has, where it shares them with others."""
        self.valid_until = 0
        """The end of the permits by `elapsed`."""
        self.asked = -1_000_000
        """When the database was asked, by `elapsed`."""
        self.told = 0
        """How many it wanted then."""
        self.turns: deque[int] = deque()
        """Times at which one each may begin."""
        self._last = 0
        """The time at which one began last."""
        self.not_before = 0
        """The time at which there may be another turn."""

    @property
    def wanted(self) -> int:
        """Returns how many are under way or wait."""
        return self.in_use + len(self.waiting)

    @property
    def idle(self) -> bool:
        """Returns whether nobody needs it."""
        return not (self.wanted or self.held)

    def free(self, since_start: int) -> int:
        """Returns how many more may be under way, at a time by `elapsed`."""
        if self.limit.at_most is None:
            return self._most_here - self.in_use
        if not self._shared:
            return self.limit.at_most - self.in_use
        return self.held - self.in_use if since_start < self.valid_until else 0

    def room(self, held: int) -> int:
        """Returns how many of those that wait might be under way, with so many permits."""
        most = self.limit.at_most
        if most is None:
            most = self._most_here
        elif self._shared:
            most = held
        return min(len(self.waiting), most - self.in_use)

    def limit_to(self, limit: Limit) -> None:
        """Has another limit hold: the times that the one before gave mean nothing to it."""
        if limit != self.limit:
            self.limit = limit
            self._forget_times()

    def admit(self, now: int, since_start: int, ended: Callable[[], None]) -> None:
        """Gives turns to those who may begin now."""
        self.drop_done()
        if self._was_set_back(now):
            self._forget_times()
        while self.waiting and self.free(since_start) > 0 and self._takes_turn(now):
            waiting = self.waiting.popleft()
            self.in_use += 1
            waiting.turn.set_result(Turn(lambda: self._leave(ended)))
            self.drop_done()

    def give_up(self, whom: Callable[[Attempt], bool]) -> None:
        """Sends away those who need not wait any more."""
        for each in self.waiting:
            if whom(each.attempt) and not each.turn.done():
                each.turn.set_result(None)
        self.drop_done()

    def drop_done(self) -> None:
        """Forgets those who do not wait any more."""
        if any(each.turn.done() for each in self.waiting):
            self.waiting = deque(each for each in self.waiting if not each.turn.done())

    def next_turn(self) -> int | None:
        """Returns when the next one may begin, if that is known: late ones do not come all at once."""
        if not self.turns:
            return None
        return max(self.turns[0], self._last + (self.limit.interval or 0) * 9 // 10)

    def _was_set_back(self, now: int) -> bool:
        """Returns whether its times were given by a clock that has been set back since."""
        next_one = self.not_before - (self.limit.interval or 0)
        return max(next_one, self._last, *self.turns) > now + CLOCK_WENT_BACK

    def _forget_times(self) -> None:
        """Has it ask the database again, which knows the last turn of all instances."""
        self.turns.clear()
        self._last = self.not_before = 0

    def _takes_turn(self, now: int) -> bool:
        interval = self.limit.interval
        if interval is None:
            return True
        while self.turns and self.turns[0] < now - max(_STALE, interval // 10):
            self.turns.popleft()
        next_turn = self.next_turn()
        if next_turn is None or next_turn > now:
            return False
        self.turns.popleft()
        self._last = now
        return True

    def _leave(self, ended: Callable[[], None]) -> None:
        self.in_use -= 1
        ended()
