"""A port in front of a server, closed until it is opened: a server that is away at first."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit


class Door:
    """Lives as long as `door()`; what came in is cut off at its end."""

    def __init__(self, url: str, port: int) -> None:
        there = urlsplit(url)
        self._there = (there.hostname or "127.0.0.1", there.port or port)
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._pairs: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        here = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = url.replace(there.netloc.rpartition("@")[2], here)

    def open(self) -> None:
        """From now on, who comes is let through."""
        self._listener.listen()
        self._start(self._let_in)

    def close(self) -> None:
        """Ends everything."""
        for each in (self._listener, *self._pairs):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for each in (self._listener, *self._pairs):
            each.close()

    def _let_in(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._there)
                self._pairs += [client, server]
                self._start(_pass_on, client, server)
                self._start(_pass_on, server, client)

    def _start(self, work: Callable[..., None], *sockets: socket.socket) -> None:
        thread = threading.Thread(target=work, args=sockets, daemon=True)
        self._threads.append(thread)
        thread.start()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65_536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)


@contextmanager
def door(url: str, port: int = 5672) -> Iterator[Door]:
    """One in front of the server at an address."""
    made = Door(url, port)
    try:
        yield made
    finally:
        made.close()
