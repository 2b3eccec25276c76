"""The messages that wait in memory on one route, in order per key; its bound is the backpressure."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from amphibus.messages.envelope import Envelope

DestinationKey = tuple[str, str]
"""A destination and a key: at most one message of it is under way."""


@dataclass(slots=True, eq=False)
class OutboxMessage:
    """A row of the outbox, with its destinations on this route."""

    seq: int
    envelope: Envelope
    destinations: tuple[str, ...]
    behind: int = field(default=0, repr=False)
    """The number of its ordering keys that have an older message."""
    left: float = field(default=0.0, repr=False)
    """When it was handed over."""

    @property
    def destination_keys(self) -> tuple[DestinationKey, ...]:
        """None for a message without a key: it waits for nobody."""
        key = self.envelope.key
        return () if key is None else tuple((each, key) for each in self.destinations)


class DeliveryQueue:
    """The bounded queue of a route: messages beyond the bound stay in the database until there is room."""

    def __init__(self, route: str, window: int) -> None:
        self.route = route
        self.behind = True
        """There may be more in the database than in memory."""
        self.window = window
        """How many may be under way."""
        self._ready: deque[OutboxMessage] = deque()
        self._under_way: dict[int, OutboxMessage] = {}
        self._by_destination_key: dict[DestinationKey, deque[OutboxMessage]] = {}
        self._held: dict[int, OutboxMessage] = {}
        self._committed_while_reading = False
        self._settled_while_reading: set[int] | None = None
        self._taken_back_while_reading = False

    @property
    def rows_held(self) -> int:
        """Rows of the database that the messages in memory stand for: one a destination."""
        return sum(len(item.destinations) for item in self._held.values())

    @property
    def idle(self) -> bool:
        """True if nothing is in memory."""
        return not self._held

    @property
    def depth(self) -> int:
        """The number of messages in memory."""
        return len(self._held)

    @property
    def under_way_since(self) -> float | None:
        """The time at which the message left that has been under way for longest; None if none is."""
        return next((item.left for item in self._under_way.values()), None)

    @property
    def has_room(self) -> bool:
        """True if it makes sense to read more from the database."""
        return len(self._held) - len(self._under_way) < self.window

    @property
    def crowded(self) -> bool:
        """True if the backlog of a few keys leaves no room, though more keys could be under way."""
        return self.behind and not self.has_room and len(self._under_way) < self.window

    @property
    def keys(self) -> list[str]:
        """The keys of the messages in memory."""
        return list({key for _, key in self._by_destination_key})

    def held_by_destination(self) -> dict[str, int]:
        """Returns the number of messages in memory for each destination."""
        counts: dict[str, int] = {}
        for item in self._held.values():
            for destination in item.destinations:
                counts[destination] = counts.get(destination, 0) + 1
        return counts

    def committed(self, item: OutboxMessage) -> None:
        """Takes a row that was committed just now; leaves it to the database if more waits there.

        A server shows a commit to others before it tells us, so the row may have been read already.
        """
        if item.seq in self._held:
            return
        if self.behind or len(self._held) > self.window * 16:
            self.miss()
        else:
            self._add(item)

    def miss(self) -> None:
        """Notes that the database holds a committed row to be read."""
        self.behind = True
        self._committed_while_reading = True

    def take_ready(self) -> list[OutboxMessage]:
        """Returns the messages that may leave now; they are under way until `settle`."""
        taken: list[OutboxMessage] = []
        while self._ready and len(self._under_way) < self.window:
            item = self._ready.popleft()
            item.left = time.monotonic()
            self._under_way[item.seq] = item
            taken.append(item)
        return taken

    def settle(self, item: OutboxMessage) -> bool:
        """Notes that a message is safe: those behind it may leave. Returns False if it was not under way."""
        if self._under_way.get(item.seq) is not item:
            return False  # it was taken back, and may be under way again
        del self._under_way[item.seq]
        del self._held[item.seq]
        if self._settled_while_reading is not None:
            self._settled_while_reading.add(item.seq)
        for destination_key in item.destination_keys:
            following = self._by_destination_key[destination_key]
            following.popleft()
            if not following:
                del self._by_destination_key[destination_key]
                continue
            following[0].behind -= 1
            if not following[0].behind:
                self._ready.append(following[0])
        return True

    def begin_reading(self) -> None:
        """Begins a reading of the database. Rows that commit meanwhile are read the next time."""
        self._committed_while_reading = False
        self._settled_while_reading = set()
        self._taken_back_while_reading = False

    def end_reading(self, items: list[OutboxMessage], *, settled: set[int], complete: bool) -> bool:
        """Takes what was read, in order of the numbers, except what is held or settled already.

        Returns whether that changed anything: if not, to read again at once would be in vain.
        """
        settled |= self._settled_while_reading or set()
        self._settled_while_reading = None
        if self._taken_back_while_reading:
            return True  # there may be rows before these by now
        held = len(self._held)
        for item in items:
            if item.seq in self._held or item.seq in settled:
                continue
            if self._belongs_before_others(item):
                self.forget_waiting()  # and they are read again, in their order
                return True
            self._add(item)
        self.behind = self._committed_while_reading or not complete
        return len(self._held) > held

    def forget_waiting(self) -> None:
        """Leaves all messages that are not under way to the database, since nobody is there."""
        self.behind = True
        self._ready.clear()
        self._by_destination_key.clear()
        self._held = dict(self._under_way)
        for item in self._under_way.values():
            item.behind = 0
            for destination_key in item.destination_keys:
                self._by_destination_key.setdefault(destination_key, deque()).append(item)

    def take_back(self) -> None:
        """Leaves everything to the database, what is under way too: whatever becomes of it counts no more."""
        self._under_way.clear()
        self._taken_back_while_reading = True
        self.forget_waiting()

    def leave_to_others(self, theirs: Callable[[OutboxMessage], bool]) -> None:
        """Leaves what waits to the database, and of what is under way what is `theirs`, whatever becomes of it."""
        self._under_way = {seq: each for seq, each in self._under_way.items() if not theirs(each)}
        self._taken_back_while_reading = True
        self.forget_waiting()

    def _belongs_before_others(self, item: OutboxMessage) -> bool:
        """Returns whether another process wrote the row, and later ones of its key wait here."""
        last = [
            self._by_destination_key[destination_key][-1].seq
            for destination_key in item.destination_keys
            if destination_key in self._by_destination_key
        ]
        return any(seq > item.seq and seq not in self._under_way for seq in last)

    def _add(self, item: OutboxMessage) -> None:
        self._held[item.seq] = item
        for destination_key in item.destination_keys:
            waiting = self._by_destination_key.setdefault(destination_key, deque())
            if waiting:
                item.behind += 1
            waiting.append(item)
        if not item.behind:
            self._ready.append(item)
