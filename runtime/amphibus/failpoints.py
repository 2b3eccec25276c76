"""Named places where a test may kill the process: `AMPHIBUS_FAILPOINT=relay.delivered:3` kills it the third time there.

A failpoint costs one comparison if nothing is armed. Every name is listed, so that a test can visit them all.
"""

import os
import signal
from typing import Final

FAILPOINTS: Final = (
    "accept.before_commit",
    "accept.after_commit",
    "begin",
    "outside.before",
    "outside.after",
    "handler.before",
    "handler.after",
    "commit.before",
    "commit.after",
    "delay.before",
    "delay.after",
    "retry.before",
    "dead.after",
    "timer.before",
    "relay.before_delivery",
    "relay.delivered",
    "relay.before_mark",
    "relay.marked",
    "reply.before",
    "prune.before",
    "migrate.before",
    "migrate.after",
    "stop.draining",
)


class _Armed:
    name: str | None = None
    left = 0


def arm(setting: str | None = None) -> None:
    """Arms the failpoint of `name:nth`, or the one that the environment names; arms none if both are empty.

    Raises:
        ValueError: there is no failpoint of that name.
    """
    setting = os.environ.get("AMPHIBUS_FAILPOINT", "") if setting is None else setting
    name, _, nth = setting.partition(":")
    if name and name not in FAILPOINTS:
        message = f"no failpoint '{name}'; there are {', '.join(FAILPOINTS)}"
        raise ValueError(message)
    _Armed.name = name or None
    _Armed.left = int(nth or 1)


def failpoint(name: str) -> None:
    """Kills this process, as a power failure would, if this place is armed and due."""
    if name == _Armed.name:
        _Armed.left -= 1
        if _Armed.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
