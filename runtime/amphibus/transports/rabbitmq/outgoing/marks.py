"""Lets each sender recognise the broker by its mark, before anything of it is published on a new connection.

A mark is a durable exchange with nothing behind it. It goes with the broker's data, as the messages do.
"""

import asyncio
import contextlib
from typing import Any, Final

import structlog
from aiormq import Connection
from aiormq.exceptions import ChannelAccessRefused, ChannelNotFoundEntity

from amphibus.transport import MarkingSender
from amphibus.transports.rabbitmq.connection import LOST, channel_of, within
from amphibus.transports.rabbitmq.names import Names

_log: Any = structlog.get_logger()
_PATIENCE_SECONDS: Final = 2.0
"""So long all senders wait for each other. The database of one may be away for longer."""
_ANSWER_SECONDS: Final = 5.0
_CLOSE_SECONDS: Final = 1.0


class MarkedSenders:
    """The senders of a process."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._senders: dict[str, MarkingSender] = {}
        self._said: set[str] = set()

    def follow(self, source: str, sender: MarkingSender | None) -> None:
        """Begins to let a sender recognise each new connection, or ends that."""
        self._senders.pop(source, None)
        if sender is not None:
            self._senders[source] = sender

    async def recognise(
        self, connection: Connection, *, strayed: bool
    ) -> set["asyncio.Task[None]"]:
        """Returns when all have, or withhold what they have; and what is still to be done.

        If something has `strayed`, it may not have reached all its receivers: none takes the broker for its own.

        Raises:
            AMQPError, OSError, TimeoutError: the connection is lost.
        """
        late: set[asyncio.Task[None]] = set()
        tasks = {
            asyncio.ensure_future(
                sender.recognise(self._marks(connection, source, strayed=strayed))
            ): sender
            for source, sender in self._senders.items()
        }
        try:
            if tasks:
                done, late = await asyncio.wait(tasks, timeout=_PATIENCE_SECONDS)
                for each in done:
                    each.result()
        except BaseException:
            await _end(tasks)
            raise
        for each in late:
            tasks[each].withhold()
        return late

    def _marks(self, connection: Connection, source: str, *, strayed: bool) -> "ConnectionMarks":
        return ConnectionMarks(connection, self._names, source, self._said, strayed=strayed)


class ConnectionMarks:
    """The marks of one sender, as they are found over one connection."""

    def __init__(
        self,
        connection: Connection,
        names: Names,
        module: str,
        said: set[str],
        *,
        strayed: bool,
    ) -> None:
        self._strayed = strayed
        self._connection = connection
        self._names = names
        self._module = module
        self._said = said

    @property
    def alive(self) -> bool:
        """Returns whether the connection can still be used."""
        return not self._connection.is_closed

    async def has(self, mark: str) -> bool:
        """Looks for an exchange. What does not answer in time is not recognised."""
        if self._strayed:
            self._strayed = False
            await self.take_away(mark)
            return False
        channel = await channel_of(self._connection, confirms=False)
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await channel.exchange_declare(self._names.known(self._module, mark), passive=True)
        except (ChannelNotFoundEntity, TimeoutError):
            return False
        await within(_CLOSE_SECONDS, channel.close())
        return True

    async def put(self, mark: str) -> bool:
        """Declares an exchange, if we may."""
        channel = await channel_of(self._connection, confirms=False)
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await channel.exchange_declare(
                    self._names.known(self._module, mark),
                    exchange_type="fanout",
                    durable=True,
                    internal=True,
                )
        except TimeoutError:
            return False
        except ChannelAccessRefused:
            self._say_forbidden()
            return False
        await within(_CLOSE_SECONDS, channel.close())
        return True

    async def take_away(self, mark: str) -> None:
        """Deletes an exchange."""
        with contextlib.suppress(*LOST):
            async with asyncio.timeout(_ANSWER_SECONDS):
                channel = await channel_of(self._connection, confirms=False)
                await channel.exchange_delete(self._names.known(self._module, mark))
                await channel.close()

    def _say_forbidden(self) -> None:
        if self._module not in self._said:
            self._said.add(self._module)
            _log.warning(
                "process.warning",
                module=self._module,
                what="a broker that is replaced by an empty one will not be noticed",
                why=f"its user may not declare {self._names.known(self._module, '…')}",
                fix="amphibus broker apply",
            )


async def _end(tasks: Any) -> None:
    for each in tasks:
        each.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
