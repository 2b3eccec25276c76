"""Queues of partitions that there are no more, since fewer are set than before: emptied first, then removed."""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Final

from aiormq import Connection
from aiormq.exceptions import ChannelNotFoundEntity

from amphibus.transports.rabbitmq.connection import LOST, channel_of, within
from amphibus.transports.rabbitmq.names import Names

_ANSWER_SECONDS: Final = 5.0
_CLOSE_SECONDS: Final = 1.0
_MOST: Final = 1_024


class SurplusQueues:
    """The surplus queues that are left, by module. One a process.

    A module's partitions rest until its surplus is empty: what waits there is older than what comes now.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self._left: dict[str, list[str]] = {}

    def of(self, module: str) -> list[str]:
        """Returns those of a module that are not empty yet, the last first: behind a gap none would be found again."""
        return self._left.get(module, [])

    def forget(self) -> None:
        """Begins anew, as their connection is lost: somebody may have removed some of them."""
        self._left = {}

    async def find(self, connection: Connection, modules: Iterable[str]) -> None:
        """Looks for those of modules that were not looked at."""
        for module in [each for each in modules if each not in self._left]:
            found: list[str] = []
            for partition in range(self._names.partitions, _MOST):
                queue = self._names.partition_queue(module, partition)
                if not await _exists(connection, queue):
                    break
                found.insert(0, queue)
            self._left[module] = found

    async def remove(self, connection: Connection, module: str, queue: str) -> bool:
        """Removes one that is not consumed here any more, if that is allowed and nobody else has part of it.

        If something has come meanwhile, it stays one of those that are left: returns False then.
        """
        waits = False
        channel = await channel_of(connection, confirms=False)
        with contextlib.suppress(*LOST):  # an administrator does it
            async with asyncio.timeout(_ANSWER_SECONDS):
                for each in self._names.bindings_of(module, queue):
                    await channel.queue_unbind(queue, each.exchange, each.key)
                # Quorum queues know no condition for their end.
                found = await channel.queue_declare(queue, passive=True)
                waits = bool(found.message_count)
                if not (waits or found.consumer_count):
                    await channel.queue_delete(queue)
        if not waits:
            self._left[module] = [each for each in self._left[module] if each != queue]
        await within(_CLOSE_SECONDS, channel.close())
        return not waits


async def _exists(connection: Connection, queue: str) -> bool:
    channel = await channel_of(connection, confirms=False)
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            await channel.queue_declare(queue, passive=True)
    except ChannelNotFoundEntity:
        return False
    await within(_CLOSE_SECONDS, channel.close())
    return True
