"""A listener by whom each connection is counted, and held to a time, before its client has said anything.

A server of the event loop counts a connection when it has shown that it speaks TLS. Until then it costs a descriptor
all the same, and so many of them would leave none for databases and broker.
"""

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Final, TypeVar

from amphibus.connections.connections import Connections, Phase
from amphibus.connections.origin import origin_of

_NOTHING_LEFT: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_AGAIN_SECONDS: Final = 0.5
_MORE_SECONDS: Final = 1.0
"""The time after which the loop ends a handshake by itself: whoever counts it has ended it before."""
P = TypeVar("P", bound=asyncio.BaseProtocol)


class Opening:
    """A connection until it is known who is there. It is counted as long."""

    def __init__(self, accepted: socket.socket, address: str, connections: Connections) -> None:
        self.address = address
        self.phase = Phase.FRESH
        self.since = connections.now
        self.opened = False
        """True once it has a place of its own, or has ended: it is not ended from here any more."""
        self.was_late = False
        self.made_room = False
        self._socket = accepted
        self._all = connections

    async def connect(
        self, make: Callable[[], P], context: ssl.SSLContext | None
    ) -> tuple[asyncio.Transport, P]:
        """Returns once the connection can be read and written; over TLS, once both sides have shaken hands.

        Args:
            make: makes the protocol that reads.
            context: of TLS, or None.

        Raises:
            OSError: it speaks no TLS, has left, or was ended.
        """
        seconds = self._all.patience(self.phase) + _MORE_SECONDS
        try:
            if self.was_late or self.made_room:
                raise ConnectionAbortedError
            return await asyncio.get_running_loop().connect_accepted_socket(
                make,
                self._socket,
                ssl=context,
                ssl_handshake_timeout=seconds if context else None,
            )
        except OSError:
            self._socket.close()
            raise

    def late(self) -> None:
        """Hangs up: its time is over."""
        self.was_late = True
        self.hang_up()

    def end(self) -> None:
        """Hangs up: another one takes its place."""
        self.made_room = True
        self.hang_up()

    def hang_up(self) -> None:
        """Ends the connection; whoever reads it, or shakes hands, notices."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def look(self, now: float) -> None:
        """Looks for nothing: no answer is written yet."""

    def left(self) -> None:
        """Is counted here no more; twice is once."""
        self.opened = True
        self._all.left(self)


class Listener:
    """Accepts connections while `accept` runs, until `close`.

    Args:
        sockets: on which somebody listens already; they are closed with this.
        opened: does with a connection what is to be done, and returns when that has ended.
        connections: those that a connection is counted among until it has `left`.
    """

    def __init__(
        self,
        sockets: Iterable[socket.socket],
        opened: Callable[[Opening], Awaitable[None]],
        connections: Connections,
    ) -> None:
        self.sockets = tuple(sockets)
        self._opened = opened
        self._all = connections
        self._openings: dict[Opening, asyncio.Task[None]] = {}
        for each in self.sockets:
            each.setblocking(False)

    async def accept(self) -> None:
        """Accepts for ever. It may be called again when it has failed."""
        async with asyncio.TaskGroup() as group:
            for each in self.sockets:
                group.create_task(self._accept(each))

    def close(self) -> None:
        """Stops listening; who has no place of his own yet is hung up on."""
        for opening in tuple(self._openings):
            if not opening.opened:
                opening.hang_up()
        for each in self.sockets:
            each.close()

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, address = await loop.sock_accept(listener)
            except OSError as error:  # the client has left, or there is no descriptor for it
                await asyncio.sleep(_AGAIN_SECONDS if error.errno in _NOTHING_LEFT else 0)
                continue
            self._admit(accepted, str(address[0]))
            await asyncio.sleep(0)  # those that were accepted go on or close before more come

    def _admit(self, accepted: socket.socket, host: str) -> None:
        opening = Opening(accepted, origin_of(host), self._all)
        if not self._all.admit(opening):
            accepted.close()
            return
        task = asyncio.create_task(self._until_it_ends(opening))
        self._openings[opening] = task
        task.add_done_callback(partial(self._ended, opening))

    async def _until_it_ends(self, opening: Opening) -> None:
        try:
            await self._opened(opening)
        finally:
            opening.left()

    def _ended(self, opening: Opening, _task: asyncio.Task[None]) -> None:
        del self._openings[opening]
