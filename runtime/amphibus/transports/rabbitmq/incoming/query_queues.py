"""The queue of what each module is asked: short-lived, on one node, and found another name if that node is away."""

import asyncio
from collections.abc import Iterable
from typing import Final

from aiormq import Connection
from aiormq.channel import Channel
from aiormq.exceptions import ChannelNotFoundEntity

from amphibus.transports.rabbitmq.connection import channel_of, within
from amphibus.transports.rabbitmq.declare import queries
from amphibus.transports.rabbitmq.names import HOMES, Names

_AWAY_SECONDS: Final = 2.0
_CLOSE_SECONDS: Final = 1.0
_AWAY: Final = "home node"


class QueryQueues:
    """The names under which modules are asked now. One a process."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._homes: dict[str, int] = {}
        """Where that is not the first one."""

    def name(self, module: str) -> str:
        """Returns the queue's name now."""
        return self._names.queries(module, self._homes.get(module, 0))

    def moved(self, queue: str, module: str) -> bool:
        """Takes another name, as nothing was heard about that queue; False if it is no such queue."""
        if queue != self.name(module):
            return False
        self._homes[module] = (self._homes.get(module, 0) + 1) % HOMES
        return True

    async def declare(self, channel: Channel, module: str) -> None:
        """Makes the queue.

        Raises:
            TimeoutError: its node is away.
        """
        await _made(channel, self._names, module, self._homes.get(module, 0))

    async def refresh(self, connection: Connection, modules: Iterable[str]) -> None:
        """Makes those queues and their bindings again, and goes back to the first name where it can be had.

        All at once: the silence about one of them holds up no other.

        Raises:
            AMQPError, OSError, TimeoutError: the connection is lost.
        """
        again = [self._again(connection, module) for module in modules]
        for error in await asyncio.gather(*again, return_exceptions=True):
            if error is not None:
                raise error

    async def _again(self, connection: Connection, module: str) -> None:
        channel = await channel_of(connection, confirms=False)
        try:
            await _made(channel, self._names, module, 0)
            self._homes.pop(module, None)
        except TimeoutError:
            pass  # its node is still away
        finally:
            await within(_CLOSE_SECONDS, channel.close())


async def _made(channel: Channel, names: Names, module: str, home: int) -> None:
    """Makes the queue. Of one whose node is away RabbitMQ 4 says nothing, and 3 that it is not found."""
    try:
        async with asyncio.timeout(_AWAY_SECONDS):
            await queries(channel, names, module, home)
    except ChannelNotFoundEntity as error:
        if _AWAY not in str(error):
            raise
        raise TimeoutError(str(error)) from None
