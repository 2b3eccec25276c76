"""The sockets of gateways, which a supervisor keeps: who calls while no process is there waits, and is not refused."""

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final

LISTENING: Final = "AMPHIBUS_LISTENING"
"""Names the inherited descriptors of a supervised process, with commas between."""
_BACKLOG: Final = 2_048

Sockets = Sequence[socket.socket]


@contextmanager
def listening(host: str, port: int) -> Iterator[Sockets]:
    """Listens on every address of a host; port 0 takes a free one, the same for all.

    Raises:
        OSError: it cannot be listened there.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    with ExitStack() as stack:
        made: list[socket.socket] = []
        for family, kind, proto, _, address in dict.fromkeys(found):
            taken = made[0].getsockname()[1] if made else address[1]
            made.append(stack.enter_context(socket.socket(family, kind, proto)))
            _listen(made[-1], (address[0], taken, *address[2:]))
        yield made


def _listen(each: socket.socket, address: tuple[object, ...]) -> None:
    if os.name == "posix":
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if each.family == socket.AF_INET6:
        each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    each.bind(address)
    each.listen(_BACKLOG)


def handed_down(sockets: Sockets) -> dict[str, str]:
    """Returns what tells a process of the sockets that it inherits."""
    return {LISTENING: ",".join(str(each.fileno()) for each in sockets)} if sockets else {}


def inherited(environ: Mapping[str, str] = os.environ) -> list[socket.socket]:
    """Returns the sockets that a supervisor listens on for this process; none without one."""
    return [
        socket.socket(fileno=int(each)) for each in environ.get(LISTENING, "").split(",") if each
    ]
