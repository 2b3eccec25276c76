"""The arithmetic of a rate: messages begin one interval after the other, whoever begins them."""

import re
from typing import Final, NamedTuple

_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SECOND: Final = 1_000_000
_MOST: Final = 100_000
"""In a second; beyond that an interval is too short to be kept."""
AHEAD: Final = _SECOND // 4
"""Microseconds for which turns are taken in advance."""
CLOCK_WENT_BACK: Final = 5 * _SECOND
"""A time of ours that lies further ahead was taken by a clock that has been set back since."""


class Rate(NamedTuple):
    """So many in a unit of time."""

    most: int
    unit: str

    @property
    def seconds(self) -> int:
        """Returns the seconds of its unit."""
        return _UNITS[self.unit]

    @property
    def interval(self) -> int:
        """Returns the microseconds from one to the next; rounded up, so that there are never more."""
        return -(-self.seconds * _SECOND // self.most)

    @property
    def per_second(self) -> float:
        """Returns how many there are in a second."""
        return self.most / self.seconds


class Reserved(NamedTuple):
    """Turns that were taken: the first at a time, each further one an interval later."""

    first: int
    """Of none: when there may be one."""
    turns: int
    last: int
    """The last turn that anybody has taken."""


def parse_rate(text: str) -> Rate:
    """Returns what a text such as `50/s`, `10/m`, `5/h` or `1/d` means.

    Raises:
        ValueError: it means none; says what does.
    """
    found = re.fullmatch(r"([1-9][0-9]{0,8})/([smhd])", text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no rate; one is 50/s, 10/m, 5/h or 1/d")
    rate = Rate(int(found[1]), found[2])
    if rate.per_second > _MOST:
        raise ValueError(f"{text!r} is more than {_MOST:,}/s, which nobody can tell from no limit")
    return rate


def reserve(last: int | None, *, now: int, interval: int, wanted: int) -> Reserved:
    """Takes turns behind the last one that was taken, as many as begin soon."""
    if last is None or last > now + CLOCK_WENT_BACK:
        last = now - interval
    first = max(now, last + interval)
    soon = now + AHEAD - first
    turns = 0 if soon < 0 else min(wanted, soon // interval + 1)
    return Reserved(first, turns, first + (turns - 1) * interval if turns else last)
