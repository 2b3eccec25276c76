"""Declares everything at the broker before anything is published.

The first process declares everything for all modules: an event that is published while a
subscriber's queue is missing would be lost to that subscriber, even with a publisher confirm.
"""

import asyncio
import time
from typing import Any

import structlog
from aiormq import Connection
from aiormq.channel import Channel
from aiormq.exceptions import ChannelAccessRefused, ChannelNotFoundEntity

from amphibus.transports.rabbitmq.connection import Broker, channel_of
from amphibus.transports.rabbitmq.names import Exchange, Names, Queue, QueueBinding

_log: Any = structlog.get_logger()
_PART = "topology"
_LOOK_SECONDS = 1.0


class Declarer:
    """Declares, or if that is forbidden waits until somebody has. One a process."""

    def __init__(self, names: Names, broker: Broker) -> None:
        self._names = names
        self._broker = broker
        self._lock = asyncio.Lock()
        self._last = float("-inf")

    async def ensure(self, connection: Connection, since: float) -> None:
        """Returns once everything is declared; skips what was found after `since`.

        Raises:
            AMQPError: the connection is lost, or something stands there with other arguments.
        """
        async with self._lock:
            if self._last > since:
                return
            began = time.monotonic()
            try:
                await _declare(await channel_of(connection), self._names)
            except ChannelAccessRefused:
                await self._wait_for_others(connection)
            self._broker.has(_PART)
            self._last = began

    async def _wait_for_others(self, connection: Connection) -> None:
        while (missing := await _missing(connection, self._names)) is not None:
            self._broker.lack(
                _PART,
                f"{missing} does not exist and '{self._broker.user}' may not declare it; "
                "an administrator can: amphibus broker apply",
            )
            await asyncio.sleep(_LOOK_SECONDS)


async def queries(channel: Channel, names: Names, module: str) -> None:
    """Declares the short-lived queue for queries to a module."""
    for each in names.of_queries(module):
        await _one(channel, each)


async def _declare(channel: Channel, names: Names) -> None:
    for each in names.permanent():
        await _one(channel, each)
    await channel.close()


async def _one(channel: Channel, each: Exchange | Queue | QueueBinding) -> None:
    match each:
        case Exchange(name):
            await channel.exchange_declare(name, exchange_type="topic", durable=True)
        case Queue(name, arguments, auto_delete):
            await channel.queue_declare(
                name, durable=True, auto_delete=auto_delete, arguments=dict(arguments)
            )
        case QueueBinding(queue, exchange, key):
            await channel.queue_bind(queue, exchange, key)


async def _missing(connection: Connection, names: Names) -> str | None:
    """Returns the name of something that is not there. Looks on a channel of its own, which a miss closes."""
    channel = await channel_of(connection)
    for each in names.permanent():
        try:
            if isinstance(each, Exchange):
                await channel.exchange_declare(each.name, passive=True)
            elif isinstance(each, Queue):
                await channel.queue_declare(each.name, passive=True)
        except ChannelNotFoundEntity:
            return each.name if isinstance(each, Exchange | Queue) else None
    await channel.close()
    return None
