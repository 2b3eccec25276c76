"""Connections to the broker, each made again as long as it is wanted."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast
from urllib.parse import unquote

import structlog
from aiormq import Connection
from aiormq.channel import Channel
from aiormq.exceptions import AMQPError
from pamqp.exceptions import PAMQPException
from yarl import URL

from amphibus.config.settings import RabbitSettings
from amphibus.errors import AmphibusError
from amphibus.failpoints import failpoint
from amphibus.supervision import SupervisedTask, Supervisor
from amphibus.telemetry.health import Health
from amphibus.telemetry.privacy import describe
from amphibus.transports.rabbitmq.address import addresses, shown
from amphibus.transports.rabbitmq.closing import close_whole, closed
from amphibus.transports.rabbitmq.frame_reader import read_quickly
from amphibus.transports.rabbitmq.library_logs import keep_quiet
from amphibus.transports.rabbitmq.refusals import explained
from amphibus.transports.rabbitmq.tls import tls_context

_log: Any = structlog.get_logger()
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
_CONNECT_SECONDS = 10.0
_CHANNEL_SECONDS = 5.0
_END_SECONDS = 1.4  # less than the stop of a process leaves for it
PUBLISH = "publish"
TOPOLOGY = "topology"
"""The parts without which nothing can be published."""
_CAUSES = 20  # most that are told of one outage
LOST = (AMQPError, PAMQPException, OSError, TimeoutError, RuntimeError, StopAsyncIteration)
"""The errors that a lost connection or channel may raise."""

Serve = Callable[[Connection], Awaitable[None]]
Once = Callable[[URL], Awaitable[None]]


class Broker:
    """The broker's addresses, our user, and whether it can be used now. One a process."""

    def __init__(self, url: str, settings: RabbitSettings, *, meanwhile: str = "") -> None:
        self.urls = addresses(url, heartbeat=settings.heartbeat_seconds)
        self.user = unquote(self.urls[0].user or "guest")
        self.tls = tls_context(settings) if self.urls[0].scheme == "amqps" else None
        self.health = Health()
        self._kept = "; ".join(filter(None, ("messages are kept until it is back", meanwhile)))
        self._seen = False
        self._worked = False
        self._passed_by = False
        self._silent = False
        self._next = 0
        self._troubles: dict[str, str] = {}
        self._said: set[tuple[str, str]] = set()
        self._since = time.monotonic()
        self._version = ""

    @property
    def url(self) -> URL:
        """The address to try now."""
        return self.urls[self._next % len(self.urls)]

    @property
    def host(self) -> str:
        """The address to try now, without secrets."""
        return shown(self.url)

    def rotate(self, failed: URL) -> None:
        """Moves all connections on to the next address, since this one did not work."""
        if failed == self.url:
            self._next += 1

    def lack(self, part: str, why: str, *, useless: bool = False, at: URL | None = None) -> None:
        """Notes that a part cannot work for now; logs it once for each cause, with the address that failed.

        `useless` to wait for: somebody must correct something. It is tried again all the same.
        """
        where = shown(at or self.url)
        if _is_publishing(part):
            self._silent = False  # from now on this tells; another part that gives up is no answer
        if not self._troubles:
            self._since = time.monotonic()
        if (where, why) not in self._said and len(self._said) < _CAUSES:
            self._said.add((where, why))
            _log.warning("broker.lost", host=where, error=why)
        self._troubles[part] = why
        if useless or not (self._worked or self._passed_by):
            self.health.lack("broker", f"{where}: {why}")
        self.health.degrade("broker", f"{where}: {why}; {self._kept}")

    @property
    def takes_messages(self) -> bool:
        """Returns whether it can be published to, as far as is known."""
        return self._seen and not self._silent and not any(map(_is_publishing, self._troubles))

    def pass_by(self, passed: bool) -> None:
        """Notes whether messages go past it: then it is no lack, unless somebody must correct something."""
        if passed and not self._passed_by:
            self.health.has("broker")
        self._passed_by = passed

    def has(self, part: str) -> None:
        """Notes that a part works; logs it once all of them do."""
        if self._troubles.pop(part, None) is None or self._troubles:
            return
        self._said.clear()
        self.works()
        self._say_connected()

    def _say_connected(self) -> None:
        seconds = round(time.monotonic() - self._since, 3)
        _log.info("broker.connected", host=self.host, version=self._version, seconds=seconds)

    def silent(self, why: str) -> None:
        """Notes that the broker does not answer for now, and why; that it does again if the reason is empty."""
        if bool(why) == self._silent or (why and self._troubles):
            return
        self._silent = bool(why)
        if why:
            self._since = time.monotonic()
            _log.warning("broker.silent", host=self.host, error=why)
            self.health.degrade("broker", f"{self.host}: {why}; {self._kept}")
        elif not self._troubles:
            self._say_connected()
            self.health.degrade("broker", "")

    def works(self) -> None:
        """Notes that all was well once. From now on a broker that is away is no lack: work is accepted and kept."""
        if not self._troubles:
            self._worked = True
            self.health.has("broker")
            self.health.degrade("broker", "")

    def connected(self, part: str, connection: Connection) -> None:
        """Notes that a connection was made, which is an answer, too."""
        self._silent = False
        self._version = str(dict(connection.server_properties or {}).get("version", ""))
        if not (self._seen or self._troubles):
            _log.info("broker.connected", host=self.host, version=self._version)
        self._seen = True
        self.has(part)


class BrokerConnection:
    """Keeps one connection: `once` makes it and works on it until it is lost, again and again."""

    def __init__(self, name: str, broker: Broker, once: Once) -> None:
        self._name = name
        self._broker = broker
        self._once = once
        self._task: SupervisedTask | None = None
        self._tried: asyncio.Future[None] | None = None

    async def open(self) -> None:
        """Begins, and waits for the outcome of the first attempt; goes on trying if the broker is away.

        Raises:
            ConfigError: it can never work as it is set.
        """
        self._tried = asyncio.get_running_loop().create_future()
        self._task = Supervisor(self._broker.health).task(
            f"broker:{self._name}", self._keep, end_seconds=_END_SECONDS
        )
        await self._task.start()
        await self._tried

    async def close(self) -> None:
        """Ends the connection; returns when the broker knows, or never if that is frozen."""
        if self._task is not None:
            await self._task.stop()
            await closed()

    def served(self) -> None:
        """Called by `once` when it works."""
        if self._tried is not None and not self._tried.done():
            self._tried.set_result(None)

    async def _keep(self) -> None:
        keep_quiet()
        pause = _FIRST_PAUSE
        while True:
            url, began = self._broker.url, time.monotonic()
            failpoint("task.broker")
            try:
                await self._once(url)
                why, useless = "the connection was closed", False
            except LOST as error:
                why, useless = describe(error) or type(error).__name__, False
                if (fatal := explained(error, self._broker.url)) is not None:
                    why, useless = fatal.line, True
                    if self._fails(fatal):
                        await asyncio.Event().wait()  # who opened it closes it
            except AmphibusError as error:
                why, useless = error.line, True
                if self._fails(error):
                    await asyncio.Event().wait()
            except (asyncio.CancelledError, Exception) as error:
                if not _is_loss(error):
                    raise  # a fault of ours, which the supervisor tells
                why, useless = describe(error) or "the connection was lost", False
            self._broker.lack(self._name, why, useless=useless, at=url)
            self.served()
            self._broker.rotate(url)
            pause = _FIRST_PAUSE if time.monotonic() - began > _LONGEST_PAUSE else pause
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _fails(self, error: AmphibusError) -> bool:
        """Returns whether the one who opened the connection is told; nobody listens later, so it is tried again."""
        if self._tried is None or self._tried.done():
            return False
        self._tried.set_exception(error)
        return True


def _is_publishing(part: str) -> bool:
    return part == TOPOLOGY or part.startswith(PUBLISH)


def _is_loss(error: BaseException) -> bool:
    """True of what aiormq makes of a connection that is cut: it raises what has no kind, and cancels who waits."""
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is not None and not task.cancelling()
    return type(error) is Exception


def plain(name: str, broker: Broker, serve: Serve) -> Once:
    """Makes a connection of aiormq and lets `serve` work on it."""

    async def once(url: URL) -> None:
        connection = await connect(name, broker, url)
        try:
            broker.connected(name, connection)
            await serve(connection)
        finally:
            await close_whole(connection.close)

    return once


async def connect(name: str, broker: Broker, url: URL) -> Connection:
    """Opens a connection.

    Raises:
        AMQPError, OSError, TimeoutError: there is none.
    """
    connection = Connection(url.update_query(name=f"amphibus {name}"), context=broker.tls)
    async with asyncio.timeout(_CONNECT_SECONDS):
        await connection.connect()
    read_quickly(connection)
    return connection


async def within(seconds: float, work: Awaitable[Any]) -> None:
    """Awaits something with a time limit."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await work


async def channel_of(
    connection: Connection, *, confirms: bool = True, prefetch: int = 0
) -> Channel:
    """Opens a channel, in time or with a TimeoutError. An unroutable message comes back on it as an error."""
    async with asyncio.timeout(_CHANNEL_SECONDS):
        channel = cast(
            Channel,
            await connection.channel(publisher_confirms=confirms, on_return_raises=True),
        )
        if prefetch:
            await channel.basic_qos(prefetch_count=prefetch)
    return channel
