"""The nets of the modules hosted here: what the broker gave up becomes a module's own dead letters."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final

from aiormq import Connection
from aiormq.abc import DeliveredMessage
from aiormq.channel import Channel
from aiormq.exceptions import ChannelClosed

from amphibus.telemetry.privacy import describe
from amphibus.transport import Ack
from amphibus.transports.rabbitmq.connection import LOST, Broker, channel_of, within
from amphibus.transports.rabbitmq.incoming.empty import is_empty
from amphibus.transports.rabbitmq.incoming.inbound import InboundQueue
from amphibus.transports.rabbitmq.names import Names
from amphibus.transports.rabbitmq.properties import of_delivery

_PREFETCH: Final = 10
_EMPTY_SECONDS: Final = 5.0
_ANSWER_SECONDS: Final = 5.0
_CLOSE_SECONDS: Final = 1.0


class Nets:
    """Empties the nets on one connection after another. One a process."""

    def __init__(self, names: Names, broker: Broker) -> None:
        self._names = names
        self._broker = broker
        self._channels: dict[str, Channel] = {}
        """By module: on which what the broker gave up is taken."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self.inbound_queues: Callable[[], Iterable[InboundQueue]] = tuple
        """The modules whose nets are emptied here."""

    async def empty(self) -> bool:
        """Returns whether nothing that the broker gave up waits to be taken by the modules here."""
        channels = dict(self._channels)
        if any(each.module not in channels for each in self.inbound_queues()):
            return False
        for module, channel in channels.items():
            try:
                async with asyncio.timeout(_EMPTY_SECONDS):
                    found = await channel.queue_declare(self._names.dead(module), passive=True)
            except LOST:
                return False
            if not is_empty(found):
                return False
        return True

    def forget(self) -> None:
        """Begins anew, as their connection is lost."""
        self._channels = {}

    async def open(self, connection: Connection) -> None:
        """Opens the nets that are not open: modules come meanwhile, and a net may be away, gone or forbidden.

        Raises:
            AMQPError, OSError, TimeoutError: the connection is of no more use.
        """
        self._channels = {name: each for name, each in self._channels.items() if _is_open(each)}
        closed = [each for each in self.inbound_queues() if each.module not in self._channels]
        opening = [self._try(connection, each) for each in closed]
        for error in await asyncio.gather(*opening, return_exceptions=True):
            if error is not None:
                raise error

    async def _try(self, connection: Connection, inbound: InboundQueue) -> None:
        queue = self._names.dead(inbound.module)
        channel = await channel_of(connection, confirms=False, prefetch=_PREFETCH)
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await self._consume(channel, queue, inbound)
        except TimeoutError:
            self._lack(queue, f"no answer in time about {queue}")
            await within(_CLOSE_SECONDS, channel.close())
        except ChannelClosed as error:  # it is no reason to take the connection from requests
            self._lack(queue, describe(error))
        else:
            self._channels[inbound.module] = channel
            self._broker.has(_part(queue))

    def _lack(self, queue: str, why: str) -> None:
        self._broker.lack(_part(queue), why)

    async def _consume(self, channel: Channel, queue: str, inbound: InboundQueue) -> None:
        """Moves what the broker gave up into the module's own dead letters, without haste."""

        async def arrived(message: DeliveredMessage) -> None:
            inbound.given_up(of_delivery(message), self._acknowledge(channel, message))

        await channel.basic_consume(queue, arrived)

    def _acknowledge(self, channel: Channel, message: DeliveredMessage) -> Ack:
        async def acknowledge() -> None:
            try:
                await channel.basic_ack(message.delivery_tag or 0)
            except LOST:
                pass  # it comes again, and is known then

        return lambda: self._spawn(acknowledge())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _is_open(channel: Channel) -> bool:
    """Returns whether messages can come: the broker ends a consumer whose queue is gone."""
    return bool(channel.consumers) and not channel.is_closed


def _part(queue: str) -> str:
    return f"requests {queue}"
