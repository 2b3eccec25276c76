"""Consumes the queues of the hosted modules: one consumer a partition, on a channel of its own.

A lost connection, a closed channel and a missing consumer all get the same answer: a new connection
with new consumers for the partitions that are ours then. Unacknowledged messages come again, and
the inbox recognises them.
"""

import asyncio
import time
from collections.abc import Iterable
from functools import partial

from aiormq import Connection
from aiormq.channel import Channel

from amphibus.failpoints import failpoint
from amphibus.transport import OwnedPartitions
from amphibus.transports.rabbitmq.connection import Broker, BrokerConnection, plain, within
from amphibus.transports.rabbitmq.declare import Declarer
from amphibus.transports.rabbitmq.incoming.ack_window import Take
from amphibus.transports.rabbitmq.incoming.consumed import Consumed
from amphibus.transports.rabbitmq.incoming.empty import all_empty
from amphibus.transports.rabbitmq.incoming.inbound import Attached, InboundQueue
from amphibus.transports.rabbitmq.incoming.query_queues import QueryQueues
from amphibus.transports.rabbitmq.incoming.queue_consumer import (
    Prefetch,
    QueueConsumer,
    open_consumer,
)
from amphibus.transports.rabbitmq.incoming.surplus import SurplusQueues
from amphibus.transports.rabbitmq.names import Names

_PART = "consume"
_LOOK_SECONDS = 0.5
_CLOSE_SECONDS = 3.0
_REFRESH_SECONDS = 5.0
_OPEN_SECONDS = 5.0
_UNSAID_SECONDS = 2.0


class Consumer:
    """The consuming side of a process. Modules come and go, and so do their partitions."""

    def __init__(
        self, names: Names, broker: Broker, declarer: Declarer, *, prefetch: Prefetch
    ) -> None:
        self._names = names
        self._broker = broker
        self._declarer = declarer
        self._wanted_prefetch = prefetch
        self._prefetch = prefetch()
        self._modules: dict[str, Attached] = {}
        self._queue_consumers: dict[str, QueueConsumer] = {}
        self._wider: dict[str, int] = {}
        """The prefetch of queues for which the usual one was too narrow."""
        self._changed = asyncio.Event()
        self._lock = asyncio.Lock()
        self._asked = QueryQueues(names)
        self._surplus = SurplusQueues(names)
        self._consumed = Consumed(broker)
        self._refreshed = 0.0
        self.broker_connection = BrokerConnection(_PART, broker, plain(_PART, broker, self._serve))

    @property
    def inbound_queues(self) -> Iterable[InboundQueue]:
        """The inbound queues of the attached modules."""
        return [each.inbound for each in self._modules.values()]

    def attach(self, inbound: InboundQueue, partitions: OwnedPartitions) -> None:
        """Consumes for a module, the partitions that it has here."""
        self._modules[inbound.module] = Attached(inbound, partitions)
        partitions.on_change.append(lambda gained, lost: self._moved(inbound.module, gained, lost))
        self._changed.set()

    async def detach(self, module: str) -> None:
        """Takes nothing more for a module; what came is acknowledged once it is safe.

        Its queues are its own until the connection closes, so that nobody gets later messages before.
        """
        if self._modules.pop(module, None) is None:
            return
        self._consumed.forget(module)
        async with self._lock:
            for queue, queue_consumer in self._of(module):
                if queue == self._asked.name(module):
                    await queue_consumer.cancel()
                else:
                    queue_consumer.end()

    async def revoke(self, module: str, partitions: frozenset[int]) -> None:
        """Gives partitions away: returns when nothing of them is under way here."""
        attached = self._modules.get(module)
        if attached is None:
            return
        attached.revoked |= partitions
        queues = [self._names.partition_queue(module, each) for each in partitions]
        async with self._lock:
            ending = [
                self._queue_consumers[queue] for queue in queues if queue in self._queue_consumers
            ]
            for queue_consumer in ending:
                queue_consumer.end()
        await asyncio.gather(*(queue_consumer.drain() for queue_consumer in ending))
        async with self._lock:
            await self._close(queues)

    async def finish(self) -> None:
        """Returns when every delivery is acknowledged."""
        await asyncio.gather(
            *(queue_consumer.drain() for queue_consumer in list(self._queue_consumers.values()))
        )

    async def empty(self) -> bool:
        """Returns whether nothing waits in the queues to be consumed here, and every delivery is safe."""
        queue_consumers = dict(self._queue_consumers)
        surplus = any(map(self._surplus.of, self._modules))
        if surplus or not set(self._wanted()) <= set(queue_consumers):
            return False
        return await all_empty(queue_consumers)

    def _moved(self, module: str, gained: frozenset[int], lost: frozenset[int]) -> None:
        """Follows a rebalance. Lets go of lost partitions at once: another instance may be at work on them."""
        attached = self._modules.get(module)
        if attached is not None:
            attached.revoked -= gained
            attached.revoked -= lost
        for queue in (self._names.partition_queue(module, each) for each in lost):
            if queue in self._queue_consumers:
                self._queue_consumers[queue].ending = False  # not even what it has is ours
                self._queue_consumers[queue].window.shut()
        self._changed.set()

    def _wanted(self) -> dict[str, tuple[str, Take]]:
        wanted: dict[str, tuple[str, Take]] = {}
        for module, each in self._modules.items():
            surplus = self._surplus.of(module)
            wanted |= dict.fromkeys(surplus, (module, each.inbound.surplus))
            for partition in () if surplus else each.partitions.owned - each.revoked:
                wanted[self._names.partition_queue(module, partition)] = (
                    module,
                    partial(each.inbound.message, partition),
                )
        for module, each in self._modules.items():  # last: their queues may have to be waited for
            wanted[self._asked.name(module)] = (module, each.inbound.request)
        return wanted

    def _revoked(self) -> set[str]:
        """Returns the queues of partitions that are let go of gently, which happens elsewhere."""
        return {
            self._names.partition_queue(module, partition)
            for module, each in self._modules.items()
            for partition in each.revoked
        }

    def _of(self, module: str) -> list[tuple[str, QueueConsumer]]:
        prefix = f"{self._names.prefix}{module}."
        return [
            (queue, queue_consumer)
            for queue, queue_consumer in self._queue_consumers.items()
            if queue.startswith(prefix)
        ]

    async def _serve(self, connection: Connection) -> None:
        since = time.monotonic()
        self._surplus.forget()
        connection.closing.add_done_callback(lambda _: self._changed.set())
        try:
            await self._ensure(connection, since)
            while connection.is_opened:
                await self._surplus.find(connection, self._modules)
                failpoint("task.consume")
                try:
                    await self._reconcile(connection)
                finally:
                    self._tell(connection)
                self.broker_connection.served()
                await self._wait(connection)
                await self._end_surplus(connection)
                await self._refresh(connection)
        finally:
            self._tell(connection)
            self._queue_consumers.clear()

    async def _ensure(self, connection: Connection, since: float) -> None:
        """Waits until all is declared. An administrator may have to do it: then nothing is consumed meanwhile."""
        loop = asyncio.get_running_loop()
        timer = loop.call_later(_UNSAID_SECONDS, lambda: self._consumed.tell(self._missing()))
        try:
            await self._declarer.ensure(connection, since)
        finally:
            timer.cancel()

    def _tell(self, connection: Connection) -> None:
        """Tells which queues have no consumer; nothing of them if the broker is away, which is told elsewhere."""
        self._consumed.tell(self._missing() if connection.is_opened else {})

    def _missing(self) -> dict[str, set[str]]:
        """Returns the queues that should be consumed here and are not, by module."""
        missing: dict[str, set[str]] = {}
        for queue, (module, _) in self._wanted().items():
            if queue not in self._queue_consumers:
                missing.setdefault(module, set()).add(queue)
        return missing

    async def _wait(self, connection: Connection) -> None:
        await within(_LOOK_SECONDS, self._changed.wait())
        self._follow_prefetch()
        for queue, queue_consumer in list(self._queue_consumers.items()):
            if not queue_consumer.alive and connection.is_opened:
                raise ConnectionError(f"the consumer of {queue} is gone")
            if queue_consumer.is_narrow():
                self._wider[queue] = queue_consumer.wider
                queue_consumer.window.shut()

    def _follow_prefetch(self) -> None:
        """Takes the prefetch as it is wanted now: partitions are consumed anew, on channels with that."""
        if self._wanted_prefetch() == self._prefetch:
            return
        self._prefetch = self._wanted_prefetch()
        self._wider.clear()
        for module in self._modules:
            for queue, queue_consumer in self._of(module):
                if queue != self._asked.name(module) and not queue_consumer.ending:
                    queue_consumer.window.shut()

    async def _end_surplus(self, connection: Connection) -> None:
        for module in list(self._modules):
            for queue in self._surplus.of(module):
                found = self._queue_consumers.get(queue)
                if found is None or not await all_empty({queue: found}):
                    break  # none goes before the one behind it
                async with self._lock:
                    await self._close([queue])
                self._changed.set()
                if not await self._surplus.remove(connection, module, queue):
                    break

    async def _refresh(self, connection: Connection) -> None:
        """Makes again what somebody took away, after whatever changed hands has been followed."""
        if self._changed.is_set() or time.monotonic() - self._refreshed < _REFRESH_SECONDS:
            return
        self._refreshed = time.monotonic()
        await self._declarer.refresh(connection, self._modules)
        await self._asked.refresh(connection, self._modules)

    async def _reconcile(self, connection: Connection) -> None:
        """Consumes our partitions and nothing else."""
        async with self._lock:
            self._changed.clear()
            wanted, revoked = self._wanted(), self._revoked()
            lost = [
                queue
                for queue, queue_consumer in self._queue_consumers.items()
                if not queue_consumer.ending
                and (queue_consumer.window.is_shut or queue not in wanted.keys() | revoked)
            ]
            await self._close(lost)
            opening = [
                self._try(connection, queue, *found)
                for queue, found in wanted.items()
                if queue not in self._queue_consumers
            ]
            for error in await asyncio.gather(*opening, return_exceptions=True):
                if error is not None:
                    raise error

    async def _try(self, connection: Connection, queue: str, module: str, take: Take) -> None:
        """Consumes a queue if it answers. Partitions find a new home; what is asked gets another queue."""
        try:
            async with asyncio.timeout(_OPEN_SECONDS):
                self._queue_consumers[queue] = await self._open(connection, queue, module, take)
            self._broker.has(f"{_PART} {queue}")
        except TimeoutError:
            if not self._asked.moved(queue, module):
                self._broker.lack(f"{_PART} {queue}", f"no answer in time about {queue}")
            self._changed.set()

    async def _close(self, queues: Iterable[str]) -> None:
        for queue in queues:
            queue_consumer = self._queue_consumers.pop(queue, None)
            if queue_consumer is not None and not queue_consumer.channel.is_closed:
                await within(_CLOSE_SECONDS, queue_consumer.channel.close())

    async def _open(
        self, connection: Connection, queue: str, module: str, take: Take
    ) -> QueueConsumer:
        async def prepare(channel: Channel) -> None:
            if queue == self._asked.name(module):
                await self._asked.declare(channel, module)

        prefetch = self._wider.get(queue, self._prefetch)
        return await open_consumer(connection, queue, take, prefetch, prepare)
