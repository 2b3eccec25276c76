"""Token buckets: how many of something one may do at once, and how fast the bucket is filled again.

Of each bucket one number is kept, the time at which it will be full (GCRA, the generic cell rate algorithm). One that
is full is as good as one that nobody remembers, so the oldest are forgotten where there are many.
"""

import math
from collections.abc import Callable, Hashable
from functools import lru_cache
from time import monotonic
from typing import Final, NamedTuple

from amphibus.policy.rate import parse_rate

_MOST: Final = 20_000
OFF: Final = "off"


class Window(NamedTuple):
    """So many at once, and again so many within some seconds."""

    most: int
    seconds: int

    @property
    def interval(self) -> float:
        """Returns the seconds from one to the next."""
        return self.seconds / self.most


@lru_cache(maxsize=256)
def window_of(text: str) -> Window | None:
    """Returns what a rate such as `50/s` means; None for `off`."""
    if text == OFF:
        return None
    rate = parse_rate(text)
    return Window(rate.most, rate.seconds)


class Buckets:
    """The buckets of those who do one kind of thing. Plain calls from one event loop."""

    def __init__(self, now: Callable[[], float] = monotonic, most: int = _MOST) -> None:
        self._now = now
        self._most = most
        self._full: dict[Hashable, float] = {}
        """When each will be full, those that were used last at the end."""

    def __len__(self) -> int:
        return len(self._full)

    def take(self, whose: Hashable, window: Window) -> float:
        """Takes one of somebody's; returns 0, or the seconds until there is one, and then nothing was taken."""
        now = self._now()
        full = max(self._full.pop(whose, now), now) + window.interval
        late = full - now - window.seconds
        # Sums of fractions are never exact: of 7 a minute the seventh must not be one too many.
        late = 0.0 if late < window.interval * 1e-6 else late
        self._full[whose] = full - window.interval if late else full
        if len(self._full) > self._most:
            del self._full[next(iter(self._full))]
        return late


def refused_headers(name: str, window: Window, seconds: float) -> tuple[tuple[bytes, bytes], ...]:
    """Returns the headers of a refusal: `Retry-After`, and those of the IETF's draft on rate limits."""
    whole = max(1, math.ceil(seconds))
    return (
        (b"retry-after", b"%d" % whole),
        (b"ratelimit-policy", f'"{name}";q={window.most};w={window.seconds}'.encode()),
        (b"ratelimit", f'"{name}";r=0;t={whole}'.encode()),
    )
