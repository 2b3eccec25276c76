"""Ports for servers of the tests' own."""

import contextlib
import random
import socket

_PORTS = range(20_000, 32_000)
"""Below those that a system gives to whoever asks for any: no connection takes the port of a server that is away."""


def free_ports(count: int) -> list[int]:
    """Ports at which nobody listens."""
    with contextlib.ExitStack() as stack:
        found: list[int] = []
        while len(found) < count:
            port = random.choice(_PORTS)
            with contextlib.suppress(OSError):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
                found.append(port)
        return found
