"""Consumes the queues of the hosted modules with FastStream: one subscriber a partition.

A connection that is lost, a channel that is closed, a consumer that is gone: all are answered in one
way, by a new connection with new subscribers for whatever is ours then. What was not acknowledged
comes again, and the inbox knows it.
"""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from aio_pika import IncomingMessage
from aiormq import Connection
from aiormq.channel import Channel as RawChannel
from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitMessage, RabbitQueue
from faststream.security import BaseSecurity
from yarl import URL

from amphibus.partitions.assignment import Shares
from amphibus.transports.rabbitmq.ack_window import Take, Window
from amphibus.transports.rabbitmq.connection import LOST, Broker, Link, connect, within
from amphibus.transports.rabbitmq.declare import Declarer, queries
from amphibus.transports.rabbitmq.inbound import Intake
from amphibus.transports.rabbitmq.names import Names
from amphibus.transports.rabbitmq.properties import of_incoming
from amphibus.transports.rabbitmq.queue_consumer import Feed

_PART = "consume"
_LOOK_SECONDS = 0.5
_CONNECT_SECONDS = 10.0
_CLOSE_SECONDS = 3.0
_NEVER = 86_400
"""Seconds until the library connects again by itself: we do, with all that belongs to it."""


@dataclass(slots=True)
class Attached:
    """A module that is consumed for."""

    intake: Intake
    shares: Shares
    ceded: set[int] = field(default_factory=set)
    """Partitions that are about to be given away."""


class Consumer:
    """The consuming side of a process. Modules come and go, and so do their partitions."""

    def __init__(self, names: Names, broker: Broker, declarer: Declarer, *, prefetch: int) -> None:
        self._names = names
        self._broker = broker
        self._declarer = declarer
        self._prefetch = prefetch
        self._modules: dict[str, Attached] = {}
        self._feeds: dict[str, Feed] = {}
        self._changed = asyncio.Event()
        self._lock = asyncio.Lock()
        self.link = Link(_PART, broker, self._once)

    @property
    def intakes(self) -> Iterable[Intake]:
        """The ways into the modules that are consumed for."""
        return [each.intake for each in self._modules.values()]

    def attach(self, intake: Intake, shares: Shares) -> None:
        """Consumes for a module, the partitions that it has here."""
        self._modules[intake.module] = Attached(intake, shares)
        shares.on_change.append(lambda gained, lost: self._moved(intake.module, gained, lost))
        self._changed.set()

    async def detach(self, module: str) -> None:
        """Lets no more come for a module; what came is acknowledged when it is safe."""
        if self._modules.pop(module, None) is None:
            return
        async with self._lock:
            await asyncio.gather(*(feed.cancel() for _, feed in self._of(module)))

    async def cede(self, module: str, partitions: frozenset[int]) -> None:
        """Gives partitions away without burning a delivery: returns when nothing of them is under way here."""
        attached = self._modules.get(module)
        if attached is None:
            return
        attached.ceded |= partitions
        queues = [self._names.part(module, each) for each in partitions]
        async with self._lock:
            feeds = [self._feeds[queue] for queue in queues if queue in self._feeds]
            await asyncio.gather(*(feed.cancel() for feed in feeds))
        await asyncio.gather(*(feed.quiet() for feed in feeds))
        async with self._lock:
            await self._close(queues)

    async def finish(self) -> None:
        """Returns when all that came is acknowledged."""
        await asyncio.gather(*(feed.quiet() for feed in list(self._feeds.values())))

    async def empty(self) -> bool:
        """Whether nothing waits in the queues that should be consumed here, and nothing came that is not safe.

        The broker is asked on the channel that a queue is consumed on: what it delivered before its
        answer has come before its answer.
        """
        feeds = dict(self._feeds)
        if not set(self._wanted()) <= set(feeds):
            return False
        received = {queue: feed.window.received for queue, feed in feeds.items()}
        for queue, feed in feeds.items():
            if not feed.window.idle:
                return False
            try:
                found = await feed.window.channel.queue_declare(queue, passive=True)
            except LOST:
                return False
            if found.message_count:
                return False
        await asyncio.sleep(0)
        return all(
            feed.window.idle and feed.window.received == received[queue]
            for queue, feed in feeds.items()
        )

    def _moved(self, module: str, gained: frozenset[int], lost: frozenset[int]) -> None:
        """The shares changed. What is lost is let go of at once: another may be at work on it already."""
        attached = self._modules.get(module)
        if attached is not None:
            attached.ceded -= gained
            attached.ceded -= lost
        for queue in (self._names.part(module, each) for each in lost):
            if queue in self._feeds:
                self._feeds[queue].window.shut()
        self._changed.set()

    def _wanted(self) -> dict[str, tuple[str, Take]]:
        wanted: dict[str, tuple[str, Take]] = {}
        for module, each in self._modules.items():
            wanted[self._names.queries(module)] = (module, each.intake.request)
            for partition in each.shares.owned - each.ceded:
                wanted[self._names.part(module, partition)] = (
                    module,
                    partial(each.intake.message, partition),
                )
        return wanted

    def _ceded(self) -> set[str]:
        """What is let go of gently, which is not done here."""
        return {
            self._names.part(module, partition)
            for module, each in self._modules.items()
            for partition in each.ceded
        }

    def _of(self, module: str) -> list[tuple[str, Feed]]:
        prefix = f"{self._names.prefix}{module}."
        return [(queue, feed) for queue, feed in self._feeds.items() if queue.startswith(prefix)]

    async def _once(self, url: URL) -> None:
        gone, since = asyncio.Event(), time.monotonic()
        security = None
        if self._broker.tls is not None:
            security = BaseSecurity(ssl_context=self._broker.tls, use_ssl=True)
        faststream = RabbitBroker(
            str(url.update_query(name=f"amphibus {_PART}")),
            security=security,
            fail_fast=True,
            reconnect_interval=_NEVER,
            on_close=[lambda *_: self._lost(gone)],
            default_channel=Channel(publisher_confirms=False),
            graceful_timeout=0.0,
            apply_types=False,
            logger=None,
        )
        # Whether it can be done is tried by hand: a failure leaves half a connection behind in there.
        await (await connect(_PART, self._broker, url)).close()
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                connection = await faststream.connect()
            if connection.transport is None:
                raise ConnectionError("the connection was lost")
            raw = cast(Connection, connection.transport.connection)
            self._broker.connected(_PART, raw)
            await self._declarer.ensure(raw, since)
            while not gone.is_set():
                await self._reconcile(faststream)
                self.link.served()
                await self._wait(gone)
        finally:
            self._feeds.clear()
            await within(_CLOSE_SECONDS, faststream.stop())

    def _lost(self, gone: asyncio.Event) -> None:
        gone.set()
        self._changed.set()

    async def _wait(self, gone: asyncio.Event) -> None:
        await within(_LOOK_SECONDS, self._changed.wait())
        for queue, feed in list(self._feeds.items()):
            if not feed.alive and not gone.is_set():
                raise ConnectionError(f"the consumer of {queue} is gone")
            await feed.widen(queue)

    async def _reconcile(self, faststream: RabbitBroker) -> None:
        """Consumes what is ours and nothing else."""
        async with self._lock:
            self._changed.clear()
            wanted, ceded = self._wanted(), self._ceded()
            lost = [
                queue
                for queue, feed in self._feeds.items()
                if feed.window.is_shut or not (queue in wanted or queue in ceded or feed.cancelled)
            ]
            await self._close(lost)
            for queue, (module, take) in wanted.items():
                if queue not in self._feeds:
                    self._feeds[queue] = await self._open(faststream, queue, module, take)

    async def _close(self, queues: Iterable[str]) -> None:
        for queue in queues:
            feed = self._feeds.pop(queue, None)
            if feed is not None and not feed.channel.is_closed:
                await feed.channel.close()

    async def _open(self, faststream: RabbitBroker, queue: str, module: str, take: Take) -> Feed:
        settings = Channel(prefetch_count=self._prefetch, publisher_confirms=False)
        channel = await faststream.config.channel_manager.get_channel(settings)
        raw = cast(RawChannel, await channel.get_underlay_channel())
        if queue == self._names.queries(module):
            await queries(raw, self._names, module)
        window: Window = Window(raw, take)

        async def handle(message: Any) -> None:
            if (
                message.channel is raw
            ):  # else of a channel that the library made anew: it comes again
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
        return Feed(channel, window, subscriber, self._prefetch)


async def _parse(message: IncomingMessage) -> RabbitMessage:
    return RabbitMessage(raw_message=message, body=b"", correlation_id="-", message_id="-")


async def _as_it_is(message: RabbitMessage) -> Any:
    return message.raw_message
