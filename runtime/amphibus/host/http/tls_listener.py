"""HTTPS: a listener that counts each connection from when it is accepted, as uvicorn takes one of the event loop."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable

from amphibus.connections.connections import Connections
from amphibus.connections.listener import Listener, Opening
from amphibus.host.http.certified import CertifiedProtocol


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
        self._make = make
        self._context = context
        self._listener = Listener(sockets, self._shake_hands, connections)
        self.sockets = self._listener.sockets
        self._accepting: asyncio.Task[None] | None = None

    def start(self, on_lost: Callable[[], object]) -> None:
        """Begins to accept.

        Args:
            on_lost: called when nothing is accepted any more, though nobody has closed this.
        """
        self._accepting = asyncio.create_task(self._listener.accept(), name="https")
        self._accepting.add_done_callback(lambda ended: None if ended.cancelled() else on_lost())

    def close(self) -> None:
        """Accepts no more; who has not shown yet that he speaks TLS is hung up on."""
        if self._accepting is not None:
            self._accepting.cancel()
        self._listener.close()

    async def wait_closed(self) -> None:
        """Returns when nothing is accepted any more."""
        if self._accepting is not None:
            await asyncio.wait([self._accepting])

    async def _shake_hands(self, opening: Opening) -> None:
        """Returns when the connection has become one of HTTP, or has ended."""
        protocol = self._make()
        protocol.before_it_is_counted = opening.left
        try:
            await opening.connect(lambda: protocol, self._context)
        except OSError:
            pass  # it speaks no TLS, or has left
