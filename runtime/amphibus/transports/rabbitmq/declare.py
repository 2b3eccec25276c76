"""Declares everything at the broker before anything is published.

Whoever comes first declares it for all modules: an event that is published while the queue of one
of its subscribers is missing would be lost to that one, with a confirm. What somebody takes away
later is declared again: at once where a message finds nobody, else within seconds.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import aiormq
import structlog
from aiormq import Connection
from aiormq.channel import Channel
from aiormq.exceptions import (
    ChannelAccessRefused,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
)

from amphibus.telemetry.privacy import describe
from amphibus.transports.rabbitmq.connection import LOST, TOPOLOGY, Broker, channel_of, within
from amphibus.transports.rabbitmq.names import LEADER_LOCATOR, Exchange, Names, Queue, QueueBinding

if TYPE_CHECKING:
    from amphibus.config.settings import Settings
    from amphibus.routing.topology import Topology

_log: Any = structlog.get_logger()
_LOOK_SECONDS = 1.0
_ANSWER_SECONDS = 5.0
"""How long the broker may take for one thing. A queue whose node is away is not answered for at all."""
_CLOSE_SECONDS = 1.0
_ROUNDS = 3

Thing = Exchange | Queue | QueueBinding


class Declarer:
    """Declares, or if that is forbidden waits until somebody has. One a process."""

    def __init__(self, names: Names, broker: Broker) -> None:
        self._names = names
        self._broker = broker
        self._lock = asyncio.Lock()
        self._last = float("-inf")
        self._forbidden = False
        self._looked = 0.0
        self._awaited = False
        """Whether somebody waits for what is missing of any module."""
        self._left = 0
        """How often in a row something of another module was missing."""
        self.on_missing: Callable[[], None] = lambda: None
        """Told when an exchange of a module here is gone: what is published until all is bound again may stray."""

    async def ensure(self, connection: Connection, since: float) -> None:
        """Returns once everything is declared; skips what was found after `since`.

        Raises:
            AMQPError: the connection is lost, or something stands there with other arguments.
        """
        while not await self._ensured(connection, since):
            await asyncio.sleep(_LOOK_SECONDS)

    async def _ensured(self, connection: Connection, since: float) -> bool:
        """Looks once: nobody else has to wait for whom an administrator keeps waiting."""
        async with self._lock:
            if self._last > since:
                return True
            began = time.monotonic()
            if self._awaited and began < self._looked + _LOOK_SECONDS:
                return False  # another one who waits has just looked
            self._looked, self._awaited = began, False
            if not await self._may_declare(connection, self._names.permanent()):
                channel = await channel_of(connection, confirms=False)
                missing = await _missing(channel, self._names.permanent())
                await _close(channel)
                if missing is not None:
                    self._awaited = True
                    self._broker.lack(TOPOLOGY, self._needed(missing))
                    return False
                self._has()
            self._last = began
            return True

    async def refresh(self, connection: Connection, modules: Iterable[str]) -> None:
        """Declares what modules that are hosted here need, as a whole; where that is forbidden, says what is missing.

        An exchange of another module is made again by the process of that, which then asks what has strayed. Where
        that does not happen within a few rounds, somebody has to.

        Raises:
            AMQPError: the connection is lost, or something of other modules stays missing.
        """
        modules = tuple(modules)
        things = [each for module in modules for each in self._names.permanent(module)]
        async with self._lock:
            channel = await channel_of(connection, confirms=False)
            exchanges = [each for each in things if isinstance(each, Exchange)]
            if not self._forbidden and await _missing(channel, exchanges):
                self.on_missing()
            missing = await _missing(channel, things) if self._forbidden else ""
            if missing is None:
                self._has()
                await _close(channel)
                return
            try:
                if not await self._may_declare(connection, things, channel) and missing:
                    self._broker.lack(TOPOLOGY, self._needed(missing), useless=True)
                self._left = 0
            except ChannelNotFoundEntity as error:
                self._left += 1
                if self._left >= _ROUNDS:
                    raise
                self._broker.lack(TOPOLOGY, describe(error))

    async def _may_declare(
        self, connection: Connection, things: Iterable[Thing], channel: Channel | None = None
    ) -> bool:
        """Declares if that is not forbidden; returns whether it was not."""
        try:
            self._tell(await declare_all(connection, things, channel))
            self._forbidden = False
        except ChannelAccessRefused:
            self._forbidden = True
        return not self._forbidden

    def _tell(self, late: list[str]) -> None:
        if late:
            self._broker.lack(
                TOPOLOGY, f"no answer within {_ANSWER_SECONDS:g} s about {', '.join(late)}"
            )
        else:
            self._has()

    def _has(self) -> None:
        """Lacks nothing any more, unless somebody waits for what other modules need."""
        if not self._awaited:
            self._broker.has(TOPOLOGY)

    def _needed(self, missing: str) -> str:
        return (
            f"{missing} does not exist and '{self._broker.user}' may not declare it; "
            "an administrator can: amphibus broker apply"
        )


async def remove(url: str, topology: "Topology", settings: "Settings") -> None:
    """Removes what an environment has at a broker, with every message that waits there: a test is over.

    Raises:
        AMQPError, OSError: the broker cannot be reached.
    """
    names = Names(settings.app, settings.env, settings.bus.partitions, topology)
    connection = await aiormq.connect(url)
    try:
        channel = await connection.channel()
        for each in names.permanent():
            if isinstance(each, Exchange):
                await channel.exchange_delete(each.name)
            elif isinstance(each, Queue):
                await channel.queue_delete(each.name)
    finally:
        await connection.close()


async def queries(channel: Channel, names: Names, module: str, home: int) -> None:
    """Declares the short-lived queue of what a module is asked; never returns while its node is away."""
    for each in names.of_queries(module, home):
        await _one(channel, each)


async def declare_all(
    connection: Connection, things: Iterable[Thing], channel: Channel | None = None
) -> list[str]:
    """Declares one after the other and returns what was not answered for; on a channel that is open, if it still is."""
    late: list[str] = []
    if channel is None or channel.is_closed:
        channel = await channel_of(connection)
    for each in things:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await _one(channel, each)
        except TimeoutError:
            late.append(each.queue if isinstance(each, QueueBinding) else each.name)
            channel = await channel_of(connection)  # the other one waits for that answer
        except ChannelPreconditionFailed as error:
            if not isinstance(each, Queue) or LEADER_LOCATOR not in str(error):
                raise
            channel = await channel_of(connection)
            await _one(channel, _of_earlier_version(each))
    await _close(channel)
    return late


def _of_earlier_version(queue: Queue) -> Queue:
    arguments = {name: value for name, value in queue.arguments.items() if name != LEADER_LOCATOR}
    return replace(queue, arguments=arguments)


async def _close(channel: Channel) -> None:
    with contextlib.suppress(*LOST):
        await within(_CLOSE_SECONDS, channel.close())


async def _one(channel: Channel, each: Thing) -> None:
    match each:
        case Exchange(name):
            await channel.exchange_declare(name, exchange_type="topic", durable=True)
        case Queue(name, arguments, auto_delete):
            await channel.queue_declare(
                name, durable=True, auto_delete=auto_delete, arguments=dict(arguments)
            )
        case QueueBinding(queue, exchange, key):
            await channel.queue_bind(queue, exchange, key)


async def _missing(channel: Channel, things: Iterable[Thing]) -> str | None:
    """The name of something that is not there, which closes the channel."""
    for each in things:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                if isinstance(each, Exchange):
                    await channel.exchange_declare(each.name, passive=True)
                elif isinstance(each, Queue):
                    await channel.queue_declare(each.name, passive=True)
        except ChannelNotFoundEntity:
            return each.name if isinstance(each, Exchange | Queue) else None
    return None
