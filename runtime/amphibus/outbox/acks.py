"""The delivery acks of a relay: messages known to be safe at their destinations, until some commit writes that down."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from amphibus.database.faults import StoreHealth
from amphibus.failpoints import failpoint
from amphibus.partitions.assignment import LeaseToken
from amphibus.unit_of_work.transaction import Transaction
from amphibus.unit_of_work.writer import Writer

_AT_ONCE: Final = 64
_SECONDS: Final = 0.05
_MOST: Final = 16_384
"""What is under way when a commit takes a second; more is nothing but a store that takes no writes."""
_RIDES_FROM: Final = 16
_RIDES_AFTER_SECONDS: Final = 0.01
"""So many delivery acks, or so old ones, ride along with the next commit: a few new ones are worth no statement."""

Acks = dict[tuple[str, int], LeaseToken | None]


class DeliveryAcks:
    """The delivery acks of one relay. Losing them costs repetitions, which the inbox absorbs.

    Those of a partition that another instance has got since do not count: it may have put the message in line again.
    """

    def __init__(self, writer: Writer, health: StoreHealth, *, again_seconds: float) -> None:
        self._writer = writer
        self._health = health
        self._again_seconds = again_seconds
        self._acks: Acks = {}
        """By destination and number: the token under which the partition was held."""
        self._oldest = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._writing = False
        self._stopped = False
        self.on_room: Callable[[], None] = lambda: None
        """Called when there is room for more again."""

    @property
    def full(self) -> bool:
        """True if so many wait to be written down that nothing more should be delivered."""
        return len(self._acks) >= _MOST

    def __len__(self) -> int:
        return len(self._acks)

    def start(self) -> None:
        """Begins to ride along with commits."""
        self._writer.before_commit.append(self._ride_along)

    def stop(self) -> None:
        """Writes nothing more by itself."""
        self._stopped = True

    def by_destination(self) -> Counter[str]:
        """Returns how many there are of each destination."""
        return Counter(destination for destination, _ in self._acks)

    def numbers(self, destinations: set[str]) -> set[int]:
        """Returns the messages that are safe at one of these destinations."""
        return {seq for destination, seq in self._acks if destination in destinations}

    def add(self, destinations: Sequence[str], seq: int, token: LeaseToken | None) -> None:
        """Notes that a message of a partition that is held under a token is safe at some destinations."""
        if not self._acks:
            self._oldest = time.monotonic()
        self._acks |= {(destination, seq): token for destination in destinations}
        self._schedule()

    def leave_to_others(self, partitions: frozenset[int]) -> None:
        """Forgets those of some partitions, which others have from now on."""
        self._forget(
            [each for each, token in self._acks.items() if token and token[0] in partitions]
        )

    async def drain(self) -> None:
        """Writes down all that there is; what cannot be written now stays."""
        self._forget_timer()
        if self._acks:
            self._writing = True
            try:
                await self._writer.submit(_nothing)
            except Exception as error:  # noqa: BLE001 - what is not written down is repeated
                self._health.failed("writer", error)
            self._writing = False

    def _schedule(self) -> None:
        if self._writing:
            return
        if len(self._acks) >= _AT_ONCE:
            self._write_now()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_SECONDS, self._write_now)

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _write_now(self) -> None:
        self._forget_timer()
        if self._acks and not self._writing:
            self._writing = True
            self._writer.submit(_nothing).add_done_callback(self._written)

    def _written(self, future: "asyncio.Future[None]") -> None:
        if not future.cancelled() and (error := future.exception()) is not None:
            if self._stopped:
                return  # the writer ended before its turn came, and no store has failed
            self._health.failed("writer", error)
            asyncio.get_running_loop().call_later(self._again_seconds, self._write_again)
            return
        self._writing = False
        if self._acks:
            self._schedule()

    def _write_again(self) -> None:
        self._writing = False
        if not self._stopped:
            self._write_now()

    def _ride_along(self, transaction: Transaction) -> None:
        """Writes them with whatever commit comes next, or in a commit of their own."""
        if not (self._acks and self._are_due):
            return
        acks = self._acks.copy()
        failpoint("relay.before_mark")
        transaction.write_set.acks += [
            each
            for each, token in acks.items()
            if token is None or token in transaction.lease_tokens
        ]
        transaction.after_commit(partial(self._written_down, acks))

    @property
    def _are_due(self) -> bool:
        age = time.monotonic() - self._oldest
        return self._writing or len(self._acks) >= _RIDES_FROM or age >= _RIDES_AFTER_SECONDS

    def _written_down(self, acks: Acks) -> None:
        failpoint("relay.marked")
        self._forget(acks)
        self._oldest = time.monotonic()

    def _forget(self, acks: Iterable[tuple[str, int]]) -> None:
        was_full = self.full
        for each in acks:
            self._acks.pop(each, None)
        if was_full:
            self.on_room()


async def _nothing(_transaction: Transaction) -> None:
    """A unit of work without work: it commits what rides along."""
