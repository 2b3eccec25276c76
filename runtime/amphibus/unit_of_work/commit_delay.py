"""The delay in which a writer waits for more messages to commit together.

If each module has a process of its own, waking it for a single message costs more than most of the
work on that message, and so does its commit. If messages of several flows come close together, a
short wait makes both rarer, and each flow faster; a single flow would only wait for itself.
PostgreSQL's `commit_delay` with its `commit_siblings` is the same idea. In one process, there is
always something else to do meanwhile, or nothing to wait for.
"""

from collections.abc import Iterable
from typing import Final

_SEVERAL: Final = 2.5
"""Flows in a commit, on average, from which on it pays to wait."""
_NEW: Final = 1 / 16
"""Weight of the latest commit in that average."""
_MOST: Final = 8
"""More count as this many, so that a burst is soon forgotten."""


class CommitDelay:
    """Watches the commits of one writer."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        """The longest wait."""
        self._flows = 1.0

    @property
    def pause(self) -> float:
        """The seconds to wait, from the first message that is ready, before a commit begins."""
        return self.seconds if self._flows >= _SEVERAL else 0.0

    def saw(self, flows: Iterable[str]) -> None:
        """Notes the flows in a commit; an empty text belongs to none and does not count."""
        if count := len(set(flows) - {""}):
            self._flows += (min(count, _MOST) - self._flows) * _NEW
