"""What is under way in a module: of each lane one attempt runs, the others wait behind it."""

import asyncio
from collections import Counter, deque

from amphibus.inbox.attempt import Attempt


class Lanes:
    """Lives as long as its receiver."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Attempt]] = {}
        self._gripped: Counter[int] = Counter()
        """By partition, how many were taken because it is held here."""
        self._left = asyncio.Event()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    @property
    def in_flight(self) -> int:
        """How many run or wait."""
        return sum(1 + len(lane) for lane in self._waiting.values())

    def enter(self, attempt: Attempt) -> bool:
        """Puts one into its lane; whether it may run at once."""
        if attempt.grip is not None:
            self._gripped[attempt.grip[0]] += 1
        lane = self._waiting.get(attempt.envelope.lane)
        if lane is not None:
            lane.append(attempt)
            return False
        self._waiting[attempt.envelope.lane] = deque()
        return True

    def leave(self, attempt: Attempt) -> Attempt | None:
        """One is done with; returns who is next in its lane."""
        if attempt.grip is not None:
            self._gripped[attempt.grip[0]] -= 1
            self._left.set()
        lane = self._waiting[attempt.envelope.lane]
        if lane:
            return lane.popleft()
        del self._waiting[attempt.envelope.lane]
        return None

    async def quiet(self, parts: frozenset[int]) -> None:
        """Returns when nothing is here that was taken because these partitions are held."""
        while any(self._gripped[part] for part in parts):
            self._left.clear()
            await self._left.wait()
