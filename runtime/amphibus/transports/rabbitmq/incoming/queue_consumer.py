"""One consumed queue: its channel, its ack window and its prefetch."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiormq import Connection
from aiormq.abc import DeliveredMessage
from aiormq.channel import Channel

from amphibus.transports.rabbitmq.connection import LOST, channel_of, within
from amphibus.transports.rabbitmq.incoming.ack_window import AckWindow, Take
from amphibus.transports.rabbitmq.properties import of_delivery

Prepare = Callable[[Channel], Awaitable[None]]
Prefetch = Callable[[], int]
"""Returns the prefetch that is wanted now."""

_LOOK_SECONDS = 0.5
_DRAIN_SECONDS = 5.0
_MOST_BYTES = 536_870_912
_WIDEST = 4_096
"""The limit of a partition's prefetch when few keys take up all of it."""


def prefetch_within(wanted: int, body_limit: int) -> int:
    """Returns a prefetch with which the largest bodies of a partition fit into memory.

    AMQP has a limit in bytes as well, but RabbitMQ refuses one.
    """
    return max(1, min(wanted, _MOST_BYTES // body_limit))


@dataclass(slots=True)
class QueueConsumer:
    """One queue that is consumed."""

    window: AckWindow
    prefetch: int
    ending: bool = False
    """Nothing more is taken, or comes; the channel lives on until what was taken is safe."""
    _seen: int = 0

    @property
    def alive(self) -> bool:
        """True if messages can come."""
        return not self.channel.is_closed and bool(self.ending or self.channel.consumers)

    @property
    def channel(self) -> Channel:
        """The channel, which is of this queue alone."""
        return self.window.channel

    def is_narrow(self) -> bool:
        """Returns whether the backlog of few keys takes up all of the prefetch, so that other keys do not come.

        A prefetch holds for later consumers only: a new channel with `wider` has to take over.
        """
        window = self.window
        stands, self._seen = window.received == self._seen, window.received
        full = window.pending >= self.prefetch and self.prefetch < _WIDEST
        return stands and full and window.crowded and not self.ending

    @property
    def wider(self) -> int:
        """The next larger prefetch."""
        return min(self.prefetch * 4, _WIDEST)

    def end(self) -> None:
        """Takes nothing more, and stays the consumer until its channel closes.

        If it were cancelled, the queue would pass to an instance that waits for it (after a freeze we may not
        know of one yet), and later messages would overtake those that are not acknowledged here.
        """
        self.ending = True
        self.window.shut()

    async def cancel(self) -> None:
        """Ends the deliveries of a queue without an order; returns when all on their way here were handed over."""
        self.ending = True
        for tag in list(self.channel.consumers):
            if not self.channel.is_closed:
                with contextlib.suppress(*LOST):  # if it is lost, nothing comes either
                    await self.channel.basic_cancel(tag, timeout=_DRAIN_SECONDS)
        for _ in range(20):  # the library's tasks for what came before the broker's answer
            await asyncio.sleep(0)

    async def drain(self) -> None:
        """Returns when every delivery is safe and acknowledged, or never can be."""
        while not (self.channel.is_closed or self.window.idle):
            await within(_LOOK_SECONDS, self.window.drain())


async def open_consumer(
    connection: Connection, queue: str, take: Take, prefetch: int, prepare: Prepare
) -> QueueConsumer:
    """Begins to consume a queue on a channel of its own, once `prepare` has been awaited with that.

    Raises:
        AMQPError: the connection is lost, or there is no such queue.
        TimeoutError: the broker does not answer.
    """
    channel = await channel_of(connection, confirms=False, prefetch=prefetch)
    await prepare(channel)
    window = AckWindow(channel, take)

    async def arrived(message: DeliveredMessage) -> None:
        window.arrived(message.delivery_tag or 0, of_delivery(message))

    await channel.basic_consume(queue, arrived)
    return QueueConsumer(window, prefetch)
