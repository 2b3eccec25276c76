"""Keeps the order per key in memory: one attempt of each ordering key runs, the others wait behind it."""

import asyncio
from collections import Counter, deque

from amphibus.inbox.attempt import Attempt


class KeyOrder:
    """Lives as long as its receiver."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Attempt]] = {}
        self._tokens_in_use: Counter[int] = Counter()
        """By partition, how many were taken because it is held here."""
        self._left = asyncio.Event()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    @property
    def in_flight(self) -> int:
        """Returns how many run or wait."""
        return sum(1 + len(ordering_key) for ordering_key in self._waiting.values())

    def enter(self, attempt: Attempt) -> bool:
        """Lines an attempt up behind those of its ordering key. Returns whether it may run at once."""
        if attempt.lease_token is not None:
            self._tokens_in_use[attempt.lease_token[0]] += 1
        ordering_key = self._waiting.get(attempt.ordering_key)
        if ordering_key is not None:
            ordering_key.append(attempt)
            return False
        self._waiting[attempt.ordering_key] = deque()
        return True

    def leave(self, attempt: Attempt) -> Attempt | None:
        """Takes an attempt out. Returns the next of its ordering key, or None."""
        if attempt.lease_token is not None:
            self._tokens_in_use[attempt.lease_token[0]] -= 1
            self._left.set()
        ordering_key = self._waiting[attempt.ordering_key]
        if ordering_key:
            return ordering_key.popleft()
        del self._waiting[attempt.ordering_key]
        return None

    def take_waiting(self) -> list[Attempt]:
        """Takes out all that wait behind others of their ordering keys, each key's in its order."""
        taken = [attempt for waiting in self._waiting.values() for attempt in waiting]
        for waiting in self._waiting.values():
            waiting.clear()
        for attempt in taken:
            if attempt.lease_token is not None:
                self._tokens_in_use[attempt.lease_token[0]] -= 1
        self._left.set()
        return taken

    async def drain_partitions(self, partitions: frozenset[int]) -> None:
        """Returns when nothing is here that was taken because these partitions are held."""
        while any(self._tokens_in_use[partition] for partition in partitions):
            self._left.clear()
            await self._left.wait()
