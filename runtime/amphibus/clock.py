"""The clock that due times are read from: the database's own, or a clock that tests move by hand."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
"""Microseconds."""


class Clock(Protocol):
    """A source of time, in microseconds since the epoch, UTC."""

    def now(self) -> int:
        """Returns the time."""
        ...


class SystemClock:
    """The clock of this machine, which an embedded database uses too."""

    def now(self) -> int:
        """Returns the time."""
        return time.time_ns() // 1000


class VirtualClock:
    """The machine's clock plus the time by which a test moved it."""

    def __init__(self) -> None:
        self._ahead = 0

    def now(self) -> int:
        """Returns the time."""
        return time.time_ns() // 1000 + self._ahead

    def advance(self, by: timedelta) -> None:
        """Moves the clock forward."""
        self._ahead += by // timedelta(microseconds=1)


def as_datetime(microseconds: int) -> datetime:
    """Converts microseconds since the epoch to an aware datetime, in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def as_microseconds(moment: datetime) -> int:
    """Converts a datetime to microseconds since the epoch."""
    return (moment - _EPOCH) // timedelta(microseconds=1)
