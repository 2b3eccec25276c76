"""The clock that due times are read from: the database's own, or one that tests move by hand."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
"""Microseconds."""


class Clock(Protocol):
    """Microseconds since the epoch, UTC."""

    def now(self) -> int:
        """The time."""
        ...


class SystemClock:
    """The clock of this machine, which for an embedded database is the database's."""

    def now(self) -> int:
        """The time."""
        return time.time_ns() // 1000


class VirtualClock:
    """Runs with the machine's clock, ahead of it by what it was moved."""

    def __init__(self) -> None:
        self._ahead = 0

    def now(self) -> int:
        """The time."""
        return time.time_ns() // 1000 + self._ahead

    def advance(self, by: timedelta) -> None:
        """Moves the clock forward."""
        self._ahead += by // timedelta(microseconds=1)


def as_datetime(microseconds: int) -> datetime:
    """Aware, in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def as_microseconds(moment: datetime) -> int:
    """Since the epoch."""
    return (moment - _EPOCH) // timedelta(microseconds=1)
