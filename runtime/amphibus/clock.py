"""The clock that due times are read from: the database's own, or a clock that tests move by hand."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
"""Microseconds."""
DAY = 86_400 * SECOND


class Clock(Protocol):
    """A source of time, in microseconds since the epoch, UTC."""

    def now(self) -> int:
        """Returns the time."""
        ...

    def compare(self, server: int, *, asked: int, answered: int) -> None:
        """Takes what a database server said that the time is, between two readings of `elapsed`."""
        ...


def elapsed() -> int:
    """Returns microseconds of a clock that nobody sets, from a start of its own."""
    return time.monotonic_ns() // 1000


class SystemClock:
    """The clock of this machine, which an embedded database uses too."""

    def now(self) -> int:
        """Returns the time."""
        return time.time_ns() // 1000

    def compare(self, server: int, *, asked: int, answered: int) -> None:
        """Does nothing: there is no server."""


class DatabaseClock:
    """The clock of a database server, kept in step with it; until the first answer, that of this machine.

    Instances agree on it, whatever their own clocks say, and it costs no round trip of its own.
    """

    def __init__(self) -> None:
        self._ahead: int | None = None
        """The server's time less `elapsed`."""

    def now(self) -> int:
        """Returns the time."""
        return time.time_ns() // 1000 if self._ahead is None else elapsed() + self._ahead

    def compare(self, server: int, *, asked: int, answered: int) -> None:
        """Corrects itself by as little as the answer demands: a slow one says little, and changes little."""
        least, most = server - answered, server - asked
        before = (least + most) // 2 if self._ahead is None else self._ahead
        self._ahead = min(max(before, least), most)


class VirtualClock:
    """Another clock, plus the time by which a test moved it. It begins at a time, or now."""

    def __init__(self, clock: Clock | None = None, at: datetime | None = None) -> None:
        self._clock = clock or SystemClock()
        self._ahead = 0 if at is None else as_microseconds(at) - self._clock.now()

    def now(self) -> int:
        """Returns the time."""
        return self._clock.now() + self._ahead

    def compare(self, server: int, *, asked: int, answered: int) -> None:
        """Corrects the clock under it."""
        self._clock.compare(server, asked=asked, answered=answered)

    @property
    def ahead(self) -> timedelta:
        """The time by which it was moved."""
        return timedelta(microseconds=self._ahead)

    def advance(self, by: timedelta) -> None:
        """Moves the clock forward."""
        self._ahead += by // timedelta(microseconds=1)


def clock_of(*, on_a_server: bool) -> Clock:
    """Returns a new clock for databases on a server, or for files."""
    return DatabaseClock() if on_a_server else SystemClock()


def as_datetime(microseconds: int) -> datetime:
    """Converts microseconds since the epoch to an aware datetime, in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def as_microseconds(moment: datetime) -> int:
    """Converts a datetime to microseconds since the epoch."""
    return (moment - _EPOCH) // timedelta(microseconds=1)
