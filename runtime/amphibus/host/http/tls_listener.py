"""A listener for HTTPS by whom each connection is counted, and held to a time, before its client has said anything.

A server of the event loop counts a connection when it has shown that it speaks TLS. Until then it costs a descriptor
all the same, and so many of them would leave none for databases and broker.
"""

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from amphibus.gateway.limits.addresses import origin_of
from amphibus.gateway.limits.connections import Connections, Phase
from amphibus.host.http.certified import CertifiedProtocol

_NOTHING_LEFT: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_AGAIN_SECONDS: Final = 0.5
_MORE_SECONDS: Final = 1.0
"""The time after which the loop ends a handshake by itself: whoever counts it has ended it before."""


class TlsListener:
    """Accepts connections from `start` to `close`. To uvicorn it is like a server of the event loop.

    Args:
        sockets: on which somebody listens already; they are closed with this.
        make: makes the protocol of a connection.
        context: the certificate, and those that clients may show.
        connections: all of the process.
    """

    def __init__(
        self,
        sockets: Iterable[socket.socket],
        make: Callable[[], CertifiedProtocol],
        context: ssl.SSLContext,
        connections: Connections,
    ) -> None:
        self.sockets = tuple(sockets)
        self._make = make
        self._context = context
        self._all = connections
        self._tasks: list[asyncio.Task[None]] = []
        self._openings: dict[_Opening, asyncio.Task[None]] = {}

    def start(self, on_lost: Callable[[], object]) -> None:
        """Begins to accept.

        Args:
            on_lost: called when nothing is accepted any more, though nobody has closed this.
        """
        for each in self.sockets:
            each.setblocking(False)
            task = asyncio.create_task(self._accept(each), name="https")
            task.add_done_callback(lambda ended: None if ended.cancelled() else on_lost())
            self._tasks.append(task)

    def close(self) -> None:
        """Accepts no more; who has not shown yet that he speaks TLS is hung up on."""
        for task in self._tasks:
            task.cancel()
        for opening in tuple(self._openings):
            opening.end()
        for each in self.sockets:
            each.close()

    async def wait_closed(self) -> None:
        """Returns when nothing is accepted any more."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, address = await loop.sock_accept(listener)
            except OSError as error:  # the client has left, or there is no descriptor for it
                await asyncio.sleep(_AGAIN_SECONDS if error.errno in _NOTHING_LEFT else 0)
                continue
            opening = _Opening(accepted, origin_of(str(address[0])), self._all)
            if self._all.admit(opening):
                opened = asyncio.create_task(opening.shake_hands(self._make, self._context))
                self._openings[opening] = opened
                opened.add_done_callback(partial(self._opened, opening))
            else:
                accepted.close()

    def _opened(self, opening: "_Opening", _task: asyncio.Task[None]) -> None:
        del self._openings[opening]


class _Opening:
    """A connection until its client has shown that it speaks TLS."""

    def __init__(self, accepted: socket.socket, address: str, connections: Connections) -> None:
        self.address = address
        self.phase = Phase.FRESH
        self.since = connections.now
        self._socket = accepted
        self._all = connections

    async def shake_hands(
        self, make: Callable[[], CertifiedProtocol], context: ssl.SSLContext
    ) -> None:
        """Returns when the connection has become one of HTTP, or has ended."""
        protocol = make()
        protocol.before_it_is_counted = self._left
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: protocol,
                self._socket,
                ssl=context,
                ssl_handshake_timeout=self._all.limits.head_seconds + _MORE_SECONDS,
            )
        except OSError:
            self._socket.close()  # it speaks no TLS, or has left
        finally:
            self._left()

    def late(self) -> None:
        """Hangs up."""
        self.end()

    def end(self) -> None:
        """Hangs up; the handshake ends by it."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def look(self, now: float) -> None:
        """Looks for nothing: no answer is written yet."""

    def _left(self) -> None:
        self._all.left(self)
