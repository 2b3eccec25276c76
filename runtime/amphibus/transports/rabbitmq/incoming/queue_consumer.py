"""One consumed queue: its channel, its ack window and its prefetch."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

from aio_pika import IncomingMessage
from aio_pika.abc import AbstractRobustChannel
from aiormq.channel import Channel as RawChannel
from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitMessage, RabbitQueue

from amphibus.messages.ids import new_id
from amphibus.transports.rabbitmq.connection import LOST, within
from amphibus.transports.rabbitmq.incoming.ack_window import AckWindow, Take
from amphibus.transports.rabbitmq.properties import of_incoming

Prepare = Callable[[RawChannel], Awaitable[None]]
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

    channel: AbstractRobustChannel
    window: AckWindow
    subscriber: Any
    """FastStream knows it weakly only, so that one that ended leaves nothing behind."""
    prefetch: int
    ending: bool = False
    """Nothing more is taken, or comes; the channel lives on until what was taken is safe."""
    _seen: int = 0

    @property
    def alive(self) -> bool:
        """True if messages can come."""
        raw = self.window.channel
        return not raw.is_closed and bool(self.ending or raw.consumers)

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
        raw = self.window.channel
        for tag in list(raw.consumers):
            if not raw.is_closed:
                with contextlib.suppress(*LOST):  # if it is lost, nothing comes either
                    await raw.basic_cancel(tag, timeout=_DRAIN_SECONDS)
        for _ in range(20):  # the library's tasks for what came before the broker's answer
            await asyncio.sleep(0)

    async def drain(self) -> None:
        """Returns when every delivery is safe and acknowledged, or never can be."""
        while not (self.window.channel.is_closed or self.window.idle):
            await within(_LOOK_SECONDS, self.window.drain())


async def open_consumer(
    faststream: RabbitBroker, queue: str, take: Take, prefetch: int, prepare: Prepare
) -> QueueConsumer:
    """Begins to consume a queue on a channel of its own, once `prepare` has been awaited with that.

    Raises:
        AMQPError: the connection is lost, or there is no such queue.
    """
    settings = Channel(prefetch_count=prefetch, publisher_confirms=False)
    channel = await faststream.config.channel_manager.get_channel(settings)
    raw = cast(RawChannel, await channel.get_underlay_channel())
    await prepare(raw)
    window: AckWindow = AckWindow(raw, take)

    async def handle(message: Any) -> None:
        # Else it is of a channel that the library made anew: it comes again.
        if message.channel is raw:
            window.arrived(message.delivery_tag, of_incoming(message))

    # The library remembers a queue with the channel it was first looked up on, by its arguments too.
    # The broker ignores these where nothing is declared.
    this_time: Any = {"x-opened": new_id()}
    subscriber = faststream.subscriber(
        RabbitQueue(queue, declare=False, arguments=this_time),
        channel=settings,
        ack_policy=AckPolicy.MANUAL,
        no_reply=True,
        parser=_parse,
        decoder=_as_it_is,
        persistent=False,
        title=queue,
    )
    subscriber(handle)
    # Before it says so itself: it drops, unacknowledged, what comes while it still starts.
    subscriber.running = True
    await subscriber.start()
    return QueueConsumer(channel, window, subscriber, prefetch)


async def _parse(message: IncomingMessage) -> RabbitMessage:
    return RabbitMessage(raw_message=message, body=b"", correlation_id="-", message_id="-")


async def _as_it_is(message: RabbitMessage) -> Any:
    return message.raw_message
