"""The endpoint of a process at which other processes ask its modules, and send to them."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import Any, Final

import structlog

from amphibus.clock import Clock
from amphibus.contract.texts import one_line
from amphibus.messages.envelope import Envelope
from amphibus.telemetry.privacy import describe
from amphibus.transport import Inbound
from amphibus.transports.direct.answering import AnsweredConnection
from amphibus.transports.direct.door import Door
from amphibus.transports.direct.frames import BadFrame
from amphibus.transports.direct.handshake import Answering, KeyOf, NotLetIn

_log: Any = structlog.get_logger()
_GREETING_SECONDS: Final = 5.0
_MOST_CONNECTIONS: Final = 1_024
_MOST_STRANGERS: Final = 64
"""Connections that have not shown yet who they are."""
_BACKLOG: Final = 128
_BUFFER_BYTES: Final = 262_144
_CLOSE_SECONDS: Final = 0.3
_LOOK_SECONDS: Final = 0.005
_CAUSES: Final = 20
"""Most refusals that are told of."""

Doubt = Callable[[str, Envelope], str | None]
"""Returns why a request to a module must not be believed, or None."""


class DirectServer:
    """Listens from `open` to `close`; answers for the modules that are attached."""

    def __init__(
        self,
        instance: str,
        *,
        key: KeyOf,
        doubt: Doubt,
        clock: Clock,
        body_limit: int,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._answering = Answering(instance, lambda module: module in self._inbounds, key)
        self._doubt = doubt
        self._clock = clock
        self._body_limit = body_limit
        self._tls = tls
        self._inbounds: dict[str, Inbound] = {}
        self.doors: dict[str, Door] = {}
        """Where messages enter the modules that are attached for them."""
        self._server: asyncio.Server | None = None
        self._strangers = 0
        self._connections: dict[asyncio.StreamWriter, AnsweredConnection | None] = {}
        self._said: set[tuple[str, str]] = set()
        self.port = 0

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules that are answered for here."""
        return tuple(self._inbounds)

    def attach(self, module: str, inbound: Inbound) -> None:
        """Begins to answer for a module."""
        self._inbounds[module] = inbound
        if (door := self.doors.get(module)) is not None:
            door.listen()

    def detach(self, module: str) -> None:
        """Answers requests to that module with "not done" from now on; what runs is answered."""
        self._inbounds.pop(module, None)

    async def open(self, host: str, port: int) -> None:
        """Begins to listen.

        Raises:
            OSError: it cannot be listened there.
        """
        # One address alone: each of several would get a free port of its own.
        found = await asyncio.get_running_loop().getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        self._server = await asyncio.start_server(
            self._connected,
            str(found[0][4][0]),
            port,
            limit=_BUFFER_BYTES,
            backlog=_BACKLOG,
            ssl=self._tls,
            ssl_handshake_timeout=_GREETING_SECONDS if self._tls else None,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    @property
    def idle(self) -> bool:
        """True if all that was taken is answered."""
        return not any(each is not None and each.busy for each in self._connections.values())

    async def finish(self) -> None:
        """Returns when all that was taken is answered."""
        while not self.idle:
            await asyncio.sleep(_LOOK_SECONDS)

    async def close(self) -> None:
        """Ends every connection; what was written is sent, as far as that takes no time."""
        if self._server is not None:
            self._server.close()
            self._server = None
        closing = list(self._connections)
        for writer in closing:
            writer.close()
        if closing:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await asyncio.gather(
                        *(writer.wait_closed() for writer in closing), return_exceptions=True
                    )
        for writer in closing:
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._strangers >= _MOST_STRANGERS or len(self._connections) >= _MOST_CONNECTIONS:
            writer.transport.abort()
            self._say(writer, "there are too many connections")
            return
        self._connections[writer] = None
        try:
            await self._served(reader, writer)
        except (NotLetIn, BadFrame) as error:
            self._say(writer, describe(error))
        except TimeoutError:
            self._say(writer, f"it did not say within {_GREETING_SECONDS:g} s who it is")
        except (EOFError, OSError):
            pass  # it left
        finally:
            del self._connections[writer]
            writer.close()

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._strangers += 1
        try:
            async with asyncio.timeout(_GREETING_SECONDS):
                asking, answering = await self._answering.greet(reader, writer)
        finally:
            self._strangers -= 1
        connection = self._connections[writer] = AnsweredConnection(
            reader,
            writer,
            asking=asking,
            inbound=lambda: self._inbounds.get(answering),
            door=lambda: self.doors.get(answering),
            doubt=lambda envelope: self._doubt(answering, envelope),
            clock=self._clock,
            body_limit=self._body_limit,
        )
        await connection.serve()

    def _say(self, writer: asyncio.StreamWriter, why: str) -> None:
        """Tells once of each kind of stranger."""
        peer = writer.get_extra_info("peername")
        host = one_line(str(peer[0])) if isinstance(peer, tuple) and peer else "unknown"
        if (host, why) not in self._said and len(self._said) < _CAUSES:
            self._said.add((host, why))
            _log.warning("direct.refused", host=host, error=why)
