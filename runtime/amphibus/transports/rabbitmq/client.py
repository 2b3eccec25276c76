"""One publishing connection for programs outside: it repeats each message until its publisher confirm.

It knows nothing of modules and needs nothing that runs them.
"""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from typing import cast
from urllib.parse import unquote

from aiormq import Connection
from aiormq.channel import Channel
from aiormq.exceptions import (
    AMQPError,
    AuthenticationError,
    ChannelClosed,
    ChannelNotFoundEntity,
    ConnectionClosed,
    DeliveryError,
    ProbableAuthenticationError,
    PublishError,
)
from pamqp.commands import Basic
from yarl import URL

from amphibus.errors import AmphibusError, ConfigError, OwnerAway
from amphibus.transports.rabbitmq.address import addresses

_HEARTBEAT_SECONDS = 20
_CONNECT_SECONDS = 10.0
_CLOSE_SECONDS = 3.0
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
_FORBIDDEN = (403, 530)
_LOST = (AMQPError, OSError, TimeoutError, RuntimeError)


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message as it is published."""

    exchange: str
    key: str
    body: bytes
    properties: Basic.Properties


class BrokerClient:
    """Lives as long as its program sends; any number of tasks may publish at once."""

    def __init__(self, url: str, *, tls: ssl.SSLContext | None = None) -> None:
        self._urls = addresses(url, heartbeat=_HEARTBEAT_SECONDS)
        self._tls = tls
        self._next = 0
        self._connection: Connection | None = None
        self._channel: Channel | None = None
        self._connecting = asyncio.Lock()
        self._alone = asyncio.Lock()
        self._worked = False
        self.user = unquote(self._urls[0].user or "guest")
        """Who we are at the broker."""

    async def open(self) -> None:
        """Connects; waits for a broker that is away.

        Raises:
            ConfigError: it does not let us in.
        """
        await self._usable()

    async def close(self) -> None:
        """Ends the connection. The fate of unconfirmed messages stays unknown."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None and connection.is_opened:
            with contextlib.suppress(*_LOST):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await connection.close()

    async def publish(self, message: OutgoingMessage) -> None:
        """Returns when the broker has the message for good; publishes it again after every loss of the connection.

        No two messages with one id may be under way at once: the id tells the broker's answers apart.

        Raises:
            OwnerAway: no queue at the broker takes it. It was not sent.
            ConfigError: the broker refuses it. It was not sent.
        """
        pause = _FIRST_PAUSE
        while True:
            channel = await self._usable()
            try:
                await _publish(channel, message)
                return
            except PublishError:
                raise _unroutable(message) from None
            except ChannelClosed:
                # The channel ended for all messages on it, and only one of them is the cause.
                if await self._published_alone(message):
                    return
            except DeliveryError:
                pass  # no room in a queue at the moment
            except _LOST:
                self._drop(channel)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _published_alone(self, message: OutgoingMessage) -> bool:
        """Publishes on a channel for it alone; False if the connection was lost meanwhile."""
        async with self._alone:
            try:
                channel = await self._open_channel(await self._connected())
                try:
                    await _publish(channel, message)
                finally:
                    with contextlib.suppress(*_LOST):
                        await channel.close()
            except PublishError:
                raise _unroutable(message) from None
            except ChannelNotFoundEntity:
                raise _unroutable(message) from None
            except ChannelClosed as error:
                raise ConfigError(
                    f"the broker does not take {message.properties.message_type} from '{self.user}'",
                    str(error.args[-1] if error.args else error),
                    "declare it in config/amphibus.toml under [producers.<name>], then: amphibus broker apply",
                ) from None
            except _LOST:
                return False
            return True

    async def _usable(self) -> Channel:
        pause = _FIRST_PAUSE
        while True:
            connection = await self._connected()
            async with self._connecting:
                try:
                    if self._channel is None or self._channel.is_closed:
                        self._channel = await self._open_channel(connection)
                    return self._channel
                except _LOST:
                    self._channel = None
                    await self._discard(connection)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _drop(self, channel: Channel) -> None:
        """Drops a channel that is of no more use, whatever it says itself."""
        if self._channel is channel and channel.is_closed:
            self._channel = None

    async def _connected(self) -> Connection:
        pause = _FIRST_PAUSE
        async with self._connecting:
            while self._connection is None or self._connection.is_closed:
                url = self._urls[self._next % len(self._urls)]
                try:
                    self._connection = await self._connect(url)
                except _LOST as error:
                    if (fatal := self._fatal(url, error)) is not None:
                        raise fatal from None
                    self._next += 1
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE)
            return self._connection

    async def _connect(self, url: URL) -> Connection:
        connection = Connection(url.update_query(name="amphibus producer"), context=self._tls)
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await connection.connect()
        except BaseException:
            await self._discard(connection)
            raise
        self._worked = True
        return connection

    async def _discard(self, connection: Connection) -> None:
        with contextlib.suppress(*_LOST):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await connection.close()

    async def _open_channel(self, connection: Connection) -> Channel:
        async with asyncio.timeout(_CONNECT_SECONDS):
            try:
                opened = await connection.channel(publisher_confirms=True, on_return_raises=True)
            except _LOST:
                raise
            except (
                Exception
            ) as error:  # the library's, of no kind, where the connection is cut meanwhile
                raise ConnectionError("the connection was lost") from error
            return cast(Channel, opened)

    def _fatal(self, url: URL, error: BaseException) -> ConfigError | None:
        """Returns why it is useless to try again; a broker that let us in before may only be starting."""
        if self._worked:
            return None
        if isinstance(error, AuthenticationError | ProbableAuthenticationError):
            return ConfigError(
                f"the broker at {url.host}:{url.port} does not let '{self.user}' in",
                "user name or password is wrong, or the user may not connect from here",
                "correct the broker's address",
            )
        if isinstance(error, ConnectionClosed) and error.args and error.args[0] in _FORBIDDEN:
            return ConfigError(
                f"the broker at {url.host}:{url.port} refuses '{self.user}' the virtual host",
                str(error.args[-1]),
                "correct the last part of the broker's address",
            )
        return None


async def _publish(channel: Channel, message: OutgoingMessage) -> None:
    try:
        await channel.basic_publish(
            message.body,
            exchange=message.exchange,
            routing_key=message.key,
            properties=message.properties,
            mandatory=True,
            wait=False,
        )
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        # The library cancels tasks that wait on a lost connection; nobody cancelled us.
        raise ConnectionError("the connection was lost") from None


def _unroutable(message: OutgoingMessage) -> AmphibusError:
    return OwnerAway(
        f"nothing at the broker keeps {message.properties.message_type}; it was not sent",
        f"no queue takes '{message.key}' from {message.exchange}",
        "start the modules once, or: amphibus broker apply; and check app, env and partitions",
    )
