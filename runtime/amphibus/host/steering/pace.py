"""A rate, kept over time: what a slow moment left undone is caught up with, a long one is not."""

from typing import Final

_LEAST_PAUSE: Final = 0.05
_CAUGHT_UP_SECONDS: Final = 2.0
_UNLIMITED: Final = 1 << 30


class Pace:
    """So many things a second, or as many as there are. Times are seconds of a clock that never goes back."""

    def __init__(self, per_second: float | None, now: float) -> None:
        self.per_second = per_second
        self._since = now
        self._taken = 0

    def room(self, now: float) -> int:
        """Returns how many may be taken now."""
        if self.per_second is None:
            return _UNLIMITED
        allowed = self._allowed(now)
        if allowed - self._taken > max(2.0, self.per_second * _CAUGHT_UP_SECONDS):
            self._since, self._taken = now, -1  # one may be taken
            allowed = 0.0
        return int(allowed + 1e-9) - self._taken

    def took(self, count: int) -> None:
        """Notes that so many were taken."""
        self._taken += count

    def pause(self, now: float) -> float:
        """Returns the seconds until the next may be taken."""
        if self.per_second is None:
            return 0.0
        until = (self._taken + 1 - self._allowed(now)) / self.per_second
        return max(_LEAST_PAUSE, until)

    def _allowed(self, now: float) -> float:
        assert self.per_second is not None
        return (now - self._since) * self.per_second
