"""Sockets that are listened on, for every address of a host."""

import os
import socket
from contextlib import ExitStack
from typing import Final

_BACKLOG: Final = 2_048


def listening(host: str, port: int, backlog: int = _BACKLOG) -> list[socket.socket]:
    """Listens on every address of a host; port 0 takes a free one, the same for all. The caller closes them.

    Raises:
        OSError: it cannot be listened there.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    with ExitStack() as stack:
        made: list[socket.socket] = []
        for family, kind, proto, _, address in dict.fromkeys(found):
            taken = made[0].getsockname()[1] if made else address[1]
            made.append(stack.enter_context(socket.socket(family, kind, proto)))
            _listen(made[-1], (address[0], taken, *address[2:]), backlog)
        stack.pop_all()
        return made


def _listen(each: socket.socket, address: tuple[object, ...], backlog: int) -> None:
    if os.name == "posix":
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if each.family == socket.AF_INET6:
        each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    each.bind(address)
    each.listen(backlog)
