"""The endpoint of a process at which other processes ask its modules, and send to them."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import Any, Final

import structlog

from amphibus.clock import Clock
from amphibus.connections.connections import Connections
from amphibus.connections.listener import Listener, Opening
from amphibus.connections.sockets import listening
from amphibus.contract.texts import one_line
from amphibus.messages.envelope import Envelope
from amphibus.supervision import SupervisedTask, Supervisor
from amphibus.telemetry.health import Health
from amphibus.telemetry.privacy import describe
from amphibus.transport import Inbound
from amphibus.transports.direct.answering import AnsweredConnection
from amphibus.transports.direct.door import Door
from amphibus.transports.direct.frames import BadFrame
from amphibus.transports.direct.handshake import Answering, KeyOf, NotLetIn

_log: Any = structlog.get_logger()
_GREETING_SECONDS: Final = 5.0
_MOST_CONNECTIONS: Final = 1_024
_MOST_STRANGERS: Final = 128
"""Connections that have not shown yet who they are; half of them may be of one address."""
_BACKLOG: Final = 128
_BUFFER_BYTES: Final = 262_144
_CLOSE_SECONDS: Final = 0.3
_LOOK_SECONDS: Final = 0.005
_CAUSES: Final = 20
"""Most refusals that are told of."""
_NAME: Final = "direct"
_CROWDED: Final = "too many connections; those that do not say who they are end for new ones"

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
        self._listener: Listener | None = None
        self._accepting: SupervisedTask | None = None
        self._strangers = Connections(
            lambda _phase: _GREETING_SECONDS, most=_MOST_STRANGERS, per_address=_MOST_STRANGERS
        )
        self._health = Health()
        self._no_longer_crowded: asyncio.TimerHandle | None = None
        self._connections: dict[asyncio.StreamWriter, AnsweredConnection] = {}
        """Those whose other side has shown who it is."""
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

    async def open(self, host: str, port: int, health: Health) -> None:
        """Begins to listen.

        Raises:
            OSError: it cannot be listened there.
        """
        # One address alone: each of several would get a free port of its own.
        found = await asyncio.get_running_loop().getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        sockets = listening(str(found[0][4][0]), port, _BACKLOG)
        self._listener = Listener(sockets, self._opened, self._strangers)
        self.port = sockets[0].getsockname()[1]
        self._health = health
        self._strangers.start()
        self._accepting = Supervisor(health).task("direct:connections", self._listener.accept)
        await self._accepting.start()

    @property
    def idle(self) -> bool:
        """True if all that was taken is answered."""
        return not any(each.busy for each in self._connections.values())

    async def finish(self) -> None:
        """Returns when all that was taken is answered."""
        while not self.idle:
            await asyncio.sleep(_LOOK_SECONDS)

    async def close(self) -> None:
        """Ends every connection; what was written is sent, as far as that takes no time."""
        if self._accepting is not None:
            await self._accepting.stop()
        if self._listener is not None:
            self._listener.close()
        self._strangers.stop()
        self._be_uncrowded()
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

    async def _opened(self, opening: Opening) -> None:
        """Serves a connection that was accepted just now, until it ends."""
        if len(self._connections) >= _MOST_CONNECTIONS:
            opening.end()
        try:
            reader, writer = await self._streams(opening)
        except OSError:
            self._hung_up(opening)
            return
        try:
            asking, answering = await self._answering.greet(reader, writer)
            opening.left()
            await self._served(reader, writer, asking, answering)
        except (NotLetIn, BadFrame) as error:
            self._refused(opening, "wrong", describe(error))
        except (EOFError, OSError):
            self._hung_up(opening)
        finally:
            self._connections.pop(writer, None)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()  # a stranger is counted as long as he has a descriptor

    async def _streams(self, opening: Opening) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        loop, reader = asyncio.get_running_loop(), asyncio.StreamReader(limit=_BUFFER_BYTES)
        transport, protocol = await opening.connect(
            lambda: asyncio.StreamReaderProtocol(reader), self._tls
        )
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    async def _served(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        asking: str,
        answering: str,
    ) -> None:
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

    def _hung_up(self, opening: Opening) -> None:
        """Tells of a connection that was ended here; the others have left."""
        if opening.was_late:
            why = f"it did not say within {_GREETING_SECONDS:g} s who it is"
            self._refused(opening, "late", why)
        elif opening.made_room:
            self._refused(opening, "crowded", "there are too many connections")
            self._be_crowded()

    def _refused(self, opening: Opening, kind: str, why: str) -> None:
        """Counts a stranger that was not let in; tells once of each kind."""
        self._health.on_stranger(kind)
        host = one_line(opening.address)
        if (host, why) not in self._said and len(self._said) < _CAUSES:
            self._said.add((host, why))
            _log.warning("direct.refused", host=host, error=why)

    def _be_crowded(self) -> None:
        """Tells whoever looks after the process, until that has been over for a while."""
        self._be_uncrowded()
        self._health.degrade(_NAME, _CROWDED)
        loop = asyncio.get_running_loop()
        self._no_longer_crowded = loop.call_later(_GREETING_SECONDS, self._be_uncrowded)

    def _be_uncrowded(self) -> None:
        if self._no_longer_crowded is not None:
            self._no_longer_crowded.cancel()
            self._no_longer_crowded = None
            self._health.degrade(_NAME, "")
