"""All connections of a process: how many there may be, and which is ended for a new one.

One whose client is waited for costs the client nothing. So where there are too many, the oldest of those is ended: of
the address that has the most of them, first such as have never asked anything whole.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from heapq import nsmallest
from typing import Final, Protocol

from amphibus.connections.origin import origin_of

_LOOK_SECONDS: Final = 0.5
_COUNTED_SECONDS: Final = 1.0
"""The most that counts between two looks: a process that was held up has not read what its clients sent meanwhile."""
_AT_ONCE: Final = 32
"""The part of all connections that is ended at a time, so that a flood does not search for each."""


class Phase(Enum):
    """The thing that a connection waits for."""

    FRESH = "nothing has come yet"
    HEAD = "a head has begun"
    BODY = "a head is there, its body is not"
    BUSY = "a request is being answered"
    IDLE = "the next request"


class Connection(Protocol):
    """One of them, as it is looked after here."""

    address: str
    phase: Phase
    since: float

    def late(self) -> None:
        """Is told that its client has not done in time what its phase waits for."""

    def end(self) -> None:
        """Ends at once, without an answer."""

    def look(self, now: float) -> None:
        """Ends if its client does not take the answer."""


class Connections:
    """Counts and ends connections. Lives as long as its server.

    Args:
        patience: returns the seconds for which a client is waited for in a phase; asked each time.
        most: of all.
        per_address: of one address.
        proxy: an address that stands for many clients, which have no limit together.
    """

    def __init__(
        self,
        patience: Callable[[Phase], float],
        *,
        most: int,
        per_address: int,
        proxy: str = "",
    ) -> None:
        self.patience = patience
        self._most = most
        self._per_address = max(1, min(per_address, most // 2))
        self._proxy = origin_of(proxy) if proxy else None
        self._by_address: dict[str, dict[Connection, None]] = {}
        """Those of an address in the order in which they came."""
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None
        self.now = 0.0
        """The time of the last look, without what the process was held up."""
        self._looked = 0.0

    def __len__(self) -> int:
        return self._count

    def start(self) -> None:
        """Begins to look after them, twice a second."""
        loop = asyncio.get_running_loop()
        self.now = self._looked = loop.time()
        self._timer = loop.call_later(_LOOK_SECONDS, self._again)

    def stop(self) -> None:
        """Looks no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def admit(self, connection: Connection) -> bool:
        """Takes in a connection; False if there is no room, and none that may be ended for it."""
        own = self._by_address.get(connection.address, {})
        if len(own) >= self._per_address and connection.address != self._proxy:
            self._make_room(own, self._per_address)
            if len(own) >= self._per_address:
                return False
        if self._count >= self._most:
            self._make_room(self._heaviest(), self._most)
            if self._count >= self._most:
                return False
        self._by_address.setdefault(connection.address, own)[connection] = None
        self._count += 1
        return True

    def left(self, connection: Connection) -> None:
        """Forgets a connection; twice is once."""
        own = self._by_address.get(connection.address)
        if own is None or connection not in own:
            return
        del own[connection]
        self._count -= 1
        if not own:
            del self._by_address[connection.address]

    def go_on(self, seconds: float) -> None:
        """Looks after them when so much time has passed."""
        self.now += min(seconds, _COUNTED_SECONDS)
        self.look(self.now)

    def look(self, now: float) -> None:
        """Ends those that are late at a time."""
        for own in tuple(self._by_address.values()):
            for each in tuple(own):
                if now - each.since > self.patience(each.phase):
                    each.late()
                each.look(now)

    def _again(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_LOOK_SECONDS, self._again)
        passed, self._looked = loop.time() - self._looked, loop.time()
        self.go_on(passed)

    def _heaviest(self) -> Mapping[Connection, None]:
        """Returns the connections of the address that has the most that may be ended."""
        return max(self._by_address.values(), key=_waiting, default={})

    def _make_room(self, among: Iterable[Connection], most: int) -> None:
        waiting = [each for each in among if each.phase is not Phase.BUSY]
        number = max(1, min(most // _AT_ONCE, len(waiting) // 2))
        for each in nsmallest(number, waiting, key=_worth):  # of equals those that came first
            each.end()
            self.left(each)


def _waiting(connections: Iterable[Connection]) -> int:
    return sum(each.phase is not Phase.BUSY for each in connections)


def _worth(connection: Connection) -> tuple[bool, float]:
    return connection.phase is Phase.IDLE, connection.since
