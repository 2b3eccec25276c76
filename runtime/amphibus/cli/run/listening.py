"""The sockets of gateways, which a supervisor keeps: who calls while no process is there waits, and is not refused."""

import os
import socket
from collections.abc import Mapping, Sequence
from typing import Final

LISTENING: Final = "AMPHIBUS_LISTENING"
"""Names the inherited descriptors of a supervised process, with commas between."""

Sockets = Sequence[socket.socket]


def handed_down(sockets: Sockets) -> dict[str, str]:
    """Returns what tells a process of the sockets that it inherits."""
    return {LISTENING: ",".join(str(each.fileno()) for each in sockets)} if sockets else {}


def inherited(environ: Mapping[str, str] = os.environ) -> list[socket.socket]:
    """Returns the sockets that a supervisor listens on for this process; none without one."""
    return [
        socket.socket(fileno=int(each)) for each in environ.get(LISTENING, "").split(",") if each
    ]
