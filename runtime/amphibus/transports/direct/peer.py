"""One process that answers for a module: connected to when it is asked, and left out for a while when it fails."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import structlog

from amphibus.messages.envelope import Envelope, Reply
from amphibus.telemetry.privacy import describe
from amphibus.transports.direct.connection import ConnectionGone, NotTaken, PeerConnection
from amphibus.transports.direct.directory import PeerAddress
from amphibus.transports.direct.handshake import NotLetIn, enter

_log: Any = structlog.get_logger()
_CONNECT_SECONDS: Final = 1.0
_BUFFER_BYTES: Final = 262_144
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 15.0
_GROWTH: Final = 2
T = TypeVar("T")


class Peer:
    """One module at one process, as one module here asks it.

    Args:
        asking: our module.
        address: the other one's.
        key: returns the key of both, once it is known.
        body_limit: bytes of a request's body.
        tls: how to check whom we are connected to, where connections are encrypted.
    """

    def __init__(
        self,
        asking: str,
        address: PeerAddress,
        *,
        key: Callable[[], bytes | None],
        body_limit: int,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._asking = asking
        self._address = address
        self._key = key
        self._body_limit = body_limit
        self._tls = tls
        self._connection: PeerConnection | None = None
        self._connecting: asyncio.Task[PeerConnection] | None = None
        self.in_flight = 0
        """The number of requests that wait for its replies, or for a connection to it."""
        self._retired = False
        self._pause = 0.0
        self._left_out_until = 0.0
        self._failed_at: float | None = None

    @property
    def usable(self) -> bool:
        """Returns whether it makes sense to ask it now."""
        return time.monotonic() >= self._left_out_until

    async def ask(self, envelope: Envelope, seconds: float) -> Reply:
        """Asks it, and returns its reply.

        Raises:
            NotTaken: it cannot be asked now, or takes no requests; it was not done.
            ConnectionGone: it was lost meanwhile; it may have been done.
            TimeoutError: no reply in time; it may have been done.
        """
        ends = time.monotonic() + seconds
        return await self._use(
            seconds, lambda each: each.ask(envelope, max(0.0, ends - time.monotonic()))
        )

    async def hand(self, envelope: Envelope, seconds: float, *, anyway: bool) -> Reply | None:
        """Hands a message over; returns once it is safe there, with the reply if one was waited for.

        Raises:
            NotTaken: it was not taken.
            ConnectionGone, TimeoutError: it may have been taken.
        """
        return await self._use(seconds, lambda each: each.hand(envelope, seconds, anyway=anyway))

    async def takes_messages(self) -> bool:
        """Returns whether it can be reached, and is of a version that takes messages."""
        try:
            connection = self._connection
            if connection is None or not connection.usable:
                connection = await self._connected(_CONNECT_SECONDS)
        except NotTaken:
            return False
        return connection.takes_messages

    async def _use(self, seconds: float, exchange: Callable[[PeerConnection], Awaitable[T]]) -> T:
        self.in_flight += 1
        connection = self._connection
        try:
            if connection is None or not connection.usable:
                connection = await self._connected(seconds)
            return await exchange(connection)
        except ConnectionGone as error:
            if self._connection is connection:  # the first of all that waited for it
                self._connection = None
                self._leave_out(error)
            raise
        finally:
            self.in_flight -= 1

    def retire(self) -> None:
        """Is asked no more, as it was withdrawn; what is under way is still answered."""
        self._retired = True
        if self._connection is not None:
            self._connection.retire()

    async def close(self) -> None:
        """Ends the connection to it."""
        connecting, self._connecting = self._connecting, None
        if connecting is not None:
            connecting.cancel()
            await asyncio.gather(connecting, return_exceptions=True)
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _connected(self, seconds: float) -> PeerConnection:
        if self._connecting is None:
            self._connecting = asyncio.get_running_loop().create_task(self._connect())
            self._connecting.add_done_callback(self._tried)
        try:
            async with asyncio.timeout(min(seconds, _CONNECT_SECONDS)):
                return await asyncio.shield(self._connecting)
        except Exception:  # noqa: BLE001 - whatever it is, nothing was asked
            raise NotTaken from None

    def _tried(self, connecting: "asyncio.Task[PeerConnection]") -> None:
        if self._connecting is connecting:
            self._connecting = None
        if connecting.cancelled():
            return
        if (error := connecting.exception()) is not None:
            self._leave_out(error)
            return
        self._connection = connecting.result()
        if self._retired:
            self._connection.retire()
        if self._failed_at is not None:
            seconds = round(time.monotonic() - self._failed_at, 3)
            _log.info(
                "direct.connected", module=self._address.module, host=self._place, seconds=seconds
            )
        self._pause, self._failed_at = 0.0, None

    async def _connect(self) -> PeerConnection:
        key = self._key()
        if key is None:
            raise NotLetIn("there is no key yet")
        async with asyncio.timeout(_CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(
                self._address.host, self._address.port, limit=_BUFFER_BYTES, ssl=self._tls
            )
            try:
                takes = await enter(
                    reader, writer, asking=self._asking, address=self._address, key=key
                )
            except BaseException:
                writer.transport.abort()
                raise
        return PeerConnection(reader, writer, body_limit=self._body_limit, takes_messages=takes)

    def _leave_out(self, error: BaseException) -> None:
        now = time.monotonic()
        self._pause = min(self._pause * _GROWTH, _LONGEST_PAUSE) if self._pause else _FIRST_PAUSE
        self._left_out_until = now + self._pause
        if self._failed_at is None:
            self._failed_at = now
            why = describe(error)
            _log.warning("direct.lost", module=self._address.module, host=self._place, error=why)

    @property
    def _place(self) -> str:
        return f"{self._address.host}:{self._address.port}"
