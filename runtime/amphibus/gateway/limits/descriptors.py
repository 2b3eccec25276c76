"""File descriptors: how many connections there may be, so that databases and broker still get theirs."""

import resource
from typing import Final

_KEPT: Final = 256
"""For databases, broker, journals and whatever is opened for a moment; at most half of all."""
_LONGEST_QUEUE: Final = 2_048


def most_connections(wanted: int) -> int:
    """Returns how many of the connections that are wanted the process can have."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, allowed - min(_KEPT, allowed // 2)))


def backlog_for(connections: int) -> int:
    """Returns how many may be accepted at one stroke: before each is counted, it has a descriptor already."""
    return min(_LONGEST_QUEUE, max(16, connections // 8))
