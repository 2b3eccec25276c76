"""The deliveries of one channel: handed over in their order, acknowledged in bulk as they become safe."""

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial

from aiormq.channel import Channel

from amphibus.transport import Ack
from amphibus.transports.rabbitmq.connection import LOST
from amphibus.transports.rabbitmq.properties import Arrival

Take = Callable[[Arrival, Ack], None]
_AT_ONCE = 32
_ACK_SECONDS = 0.005
_MISSING_SECONDS = 1.0
_MOST_BYTES = 16_777_216


class AckWindow:
    """The deliveries of one channel that are not acknowledged yet. Lives as long as its channel.

    One acknowledgement covers all deliveries up to the first that is not safe. If a slow one holds up
    others that are safe, those are acknowledged one by one, so that no key waits for another.
    """

    def __init__(self, channel: Channel, take: Take) -> None:
        self.channel = channel
        self._take = take
        self._next = 1
        self._early: dict[int, Arrival] = {}
        """Deliveries that came before the one that is next."""
        self._open: dict[int, Arrival] = {}
        """Those that are not safe yet, in their order."""
        self._low = 0
        """All up to this one are safe or were rejected."""
        self._behind: set[int] = set()
        """Safe ones above it that the broker was not told of."""
        self._alone: set[int] = set()
        """Those that it was told of one by one."""
        self._acked = 0
        self._rejections: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._drained = asyncio.Event()
        self._drained.set()
        self.is_shut = False
        """Nothing that comes is taken any more: another instance gets it again."""

    @property
    def idle(self) -> bool:
        """True if every delivery is safe and acknowledged."""
        return self._drained.is_set()

    @property
    def received(self) -> int:
        """The number of deliveries that were handed over."""
        return self._next - 1

    @property
    def pending(self) -> int:
        """The number of deliveries that are not safe yet."""
        return len(self._open)

    @property
    def crowded(self) -> bool:
        """True if few keys hold up all the others, and there is room for more of what waits behind them."""
        size, keys = 0, set()
        for arrival in self._open.values():
            size += len(arrival.body)
            keys.add(arrival.headers.get("ce-partitionkey") or arrival.message_id)
        return size < _MOST_BYTES and len(keys) <= max(1, len(self._open) // 4)

    def shut(self) -> None:
        """Takes no more deliveries; whoever consumes the queue next gets them."""
        self.is_shut = True
        self._early.clear()
        if not (self._open or self._behind or self._task):
            self._drained.set()

    def arrived(self, tag: int, arrival: Arrival) -> None:
        """Takes a delivery. The library runs a task for each, so this method ensures their order."""
        if self.is_shut:
            return
        self._drained.clear()
        if tag != self._next:
            self._early[tag] = arrival
            asyncio.get_running_loop().call_later(_MISSING_SECONDS, self._miss, tag)
            return
        self._hand_over(arrival)
        self._hand_over_early()

    async def drain(self) -> None:
        """Returns when every delivery is safe and acknowledged."""
        await self._drained.wait()

    def _hand_over(self, arrival: Arrival) -> None:
        tag, self._next = self._next, self._next + 1
        self._open[tag] = arrival
        self._take(arrival, partial(self._settled, tag))

    def _hand_over_early(self) -> None:
        while (
            not self.is_shut
            and self._early
            and (early := self._early.pop(self._next, None)) is not None
        ):
            self._hand_over(early)

    def _miss(self, waiting: int) -> None:
        """Skips deliveries that the library could not read and dropped. The broker's net gets them."""
        if self.is_shut:
            return
        while self._next < waiting and self._next not in self._early:
            tag, self._next = self._next, self._next + 1
            self._reject(tag)
        self._hand_over_early()

    def _reject(self, tag: int) -> None:
        async def reject() -> None:
            with contextlib.suppress(*LOST):
                await self.channel.basic_reject(tag, requeue=False, wait=False)

        self._alone.add(tag)
        self._rejections.add(task := asyncio.ensure_future(reject()))
        task.add_done_callback(self._rejections.discard)

    def _settled(self, tag: int) -> None:
        if self._open.pop(tag, None) is None:
            return
        if tag not in self._alone:
            self._behind.add(tag)
        self._low = next(iter(self._open), self._next) - 1
        if len(self._behind) >= _AT_ONCE:
            self._flush()
        else:
            self._flush_soon()

    def _flush_soon(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_ACK_SECONDS, self._flush)

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._acknowledge())
            self._task.add_done_callback(self._flushed)

    def _flushed(self, _task: "asyncio.Task[None]") -> None:
        self._task = None
        if self._behind and not self.channel.is_closed:
            self._flush_soon()
        elif not (self._open or self._early):
            self._drained.set()

    async def _acknowledge(self) -> None:
        """Acknowledges all up to the low mark at once; the rest one by one, only if that mark stands still."""
        together = {tag for tag in self._behind if tag <= self._low}
        alone = sorted(self._behind - together) if not together else []
        self._behind -= together
        self._behind.difference_update(alone)
        self._alone.update(alone)
        with contextlib.suppress(*LOST):
            if together:
                # The broker must still wait for this mark: it refuses any other.
                await self.channel.basic_ack(max(together), multiple=True, wait=False)
            for tag in alone:
                await self.channel.basic_ack(tag, wait=False)
        self._alone = {tag for tag in self._alone if tag > self._low}
