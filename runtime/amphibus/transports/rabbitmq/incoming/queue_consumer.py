"""One consumed queue: its channel, its ack window and its prefetch."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, cast

from aio_pika import IncomingMessage
from aio_pika.abc import AbstractRobustChannel
from aiormq.channel import Channel as RawChannel
from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitMessage, RabbitQueue

from amphibus.transports.rabbitmq.connection import LOST, within
from amphibus.transports.rabbitmq.incoming.ack_window import AckWindow, Take
from amphibus.transports.rabbitmq.properties import of_incoming

Prepare = Callable[[RawChannel], Awaitable[None]]

_LOOK_SECONDS = 0.5
_DRAIN_SECONDS = 5.0
_WIDEN_SECONDS = 5.0
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
    cancelled: bool = False
    _seen: int = 0
    _changing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Else one consumer could begin while all are being ended, and nobody would end it."""

    @property
    def alive(self) -> bool:
        """True if messages can come."""
        raw = self.window.channel
        return not raw.is_closed and bool(self.cancelled or raw.consumers)

    async def widen(self, queue: str) -> None:
        """Raises the prefetch if the backlog of few keys takes up all of it, so that other keys come too.

        A prefetch holds for later consumers only, so another one takes over on the same channel; order stays.

        Raises:
            AMQPError, TimeoutError: the channel is of no more use.
        """
        window, raw = self.window, self.window.channel
        stands, self._seen = window.received == self._seen, window.received
        full = window.pending >= self.prefetch and self.prefetch < _WIDEST
        if not (stands and full and window.crowded):
            return
        async with asyncio.timeout(_WIDEN_SECONDS), self._changing:
            if self.cancelled:
                return
            self.prefetch = min(self.prefetch * 4, _WIDEST)
            await raw.basic_qos(prefetch_count=self.prefetch)
            for tag, callback in list(raw.consumers.items()):
                await raw.basic_consume(queue, callback, consumer_tag=_after(tag))
                await raw.basic_cancel(tag)

    async def cancel(self) -> None:
        """Ends the deliveries, and returns when all that were on their way here were handed over."""
        self.cancelled = True
        raw = self.window.channel
        async with self._changing:
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

    async def release(self) -> None:
        """Returns as `drain` does, and takes nothing from then on, though more should come."""
        await self.drain()
        self.window.shut()


def _after(tag: str) -> str:
    """Returns a tag that comes after another one in their order.

    If a channel is lost, RabbitMQ 3 gives back what its consumers had in the order of their tags; what
    the later one had would come first again.
    """
    return f"{tag}+"


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

    subscriber = faststream.subscriber(
        RabbitQueue(queue, declare=False),
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
