"""The times of a schedule: of cron's five fields in a time zone, or of an interval.

What a time zone does to the clock is dealt with as Debian's cron does. A time that is skipped comes at the end of the
gap; one that there are two of comes with the first. Where the field of the minute or of the hour begins with `*`, real
time counts: there is none in an hour that is skipped, and an hour that is repeated has them twice.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo, available_timezones

from amphibus.clock import SECOND, as_datetime, as_microseconds
from amphibus.errors import DeclarationError
from amphibus.nearest import did_you_mean
from amphibus.schedule.declared import Every

_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_WORDS: Final = {"s": "second", "m": "minute", "h": "hour", "d": "day"}
_INTERVAL: Final = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_LONGEST: Final = 366 * 86_400
_BACK: Final = tuple(timedelta(days=days) for days in (1 / 24, 1, 7, 31, 366, 8 * 366, 28 * 366))
"""How far before now the newest time is looked for, nearest first."""


class Plan(Protocol):
    """The times of one schedule, microseconds since the epoch."""

    def after(self, moment: int) -> int:
        """Returns the first time after another."""
        ...

    def newest(self, since: int, now: int) -> int:
        """Returns the last time that is not after now; `since` is one that is known to be none after it."""
        ...

    def local(self, moment: int) -> datetime:
        """Returns a time in the schedule's zone."""
        ...

    def in_words(self) -> str:
        """Returns the plan as people read it."""
        ...


class Interval:
    """Every so many microseconds, counted from the epoch: so all instances agree, whenever they began."""

    def __init__(self, count: int, unit: str) -> None:
        self._count = count
        self._unit = unit
        self._length = count * _UNITS[unit] * SECOND

    def after(self, moment: int) -> int:
        """Returns the first time after another."""
        return (moment // self._length + 1) * self._length

    def newest(self, since: int, now: int) -> int:
        """Returns the last time that is not after now, and not before `since`."""
        return max(since, now // self._length * self._length)

    def local(self, moment: int) -> datetime:
        """Returns a time in UTC."""
        return as_datetime(moment)

    def in_words(self) -> str:
        """Returns it as people read it."""
        unit = _WORDS[self._unit]
        return f"Every {unit}" if self._count == 1 else f"Every {self._count} {unit}s"


class Cron:
    """The times of five fields in a time zone."""

    def __init__(self, spec: str, timezone: str | None) -> None:
        self._spec = spec
        self._timezone = timezone
        self._zone = UTC if timezone in (None, "UTC") else ZoneInfo(timezone or "")
        self._known = (0, 0)
        """A moment and the first time after it, as it was asked last."""

    def after(self, moment: int) -> int:
        """Returns the first time after another.

        Raises:
            LookupError: there is none within fifty years.
        """
        since, following = self._known
        if not since <= moment < following:
            following = self._after(moment)
            self._known = (moment, following)
        return following

    def _after(self, moment: int) -> int:
        from cronsim import CronSim

        for found in CronSim(self._spec, self.local(moment)):
            # In an hour that is repeated it begins with the first of the two, which may be before now.
            if (at := as_microseconds(found.astimezone(UTC))) > moment:
                return at
        raise LookupError(self._spec)

    def newest(self, since: int, now: int) -> int:
        """Returns the last time that is not after now, and not before `since`."""
        for back in _BACK:
            start = max(since, now - back // timedelta(microseconds=1))
            found = since
            while (following := self.after(start)) <= now:
                found = start = following
            if found > since or start == since:
                return found
        return since

    def local(self, moment: int) -> datetime:
        """Returns a time in the zone."""
        return as_datetime(moment).astimezone(self._zone)

    def in_words(self) -> str:
        """Returns it as people read it."""
        from cronsim import CronSim

        said = CronSim(self._spec, datetime.now(UTC)).explain()
        return f"{said}, {self._timezone or 'UTC'}"


def plan_of(declared: Every) -> Plan:
    """Returns the plan of a schedule.

    Raises:
        DeclarationError: it has no times; `why_no_plan` says why.
    """
    why = why_no_plan(declared)
    if why:
        raise DeclarationError([f"schedule {declared.name}: {why}"])
    return _made(declared)


def why_no_plan(declared: Every) -> str:
    """Returns in words why a schedule has no times; empty if it has."""
    interval = _interval(declared.spec)
    if interval is not None:
        return _why_no_interval(declared, *interval)
    if len(declared.spec.split()) != 5:
        return (
            f"'{declared.spec}' is neither an interval, such as 30s, 15m, 2h or 7d, "
            "nor cron's five fields, such as '0 6 * * 1-5'"
        )
    if declared.timezone is not None and not _is_zone(declared.timezone):
        near = did_you_mean(declared.timezone, available_timezones())
        return f"'{declared.timezone}' is no time zone{near}"
    return _why_never(declared)


def _why_no_interval(declared: Every, count: int, unit: str) -> str:
    if declared.timezone is not None:
        return f"'{declared.spec}' is an interval, which has no time zone; leave timezone= out"
    return f"'{declared.spec}' is longer than a year" if count * _UNITS[unit] > _LONGEST else ""


def _why_never(declared: Every) -> str:
    from cronsim import CronSimError

    try:
        _made(declared).after(0)
    except CronSimError as error:
        return f"'{declared.spec}' never comes: {str(error).lower()}"
    except LookupError:
        return f"'{declared.spec}' never comes: no such day in fifty years"
    return ""


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return False
    return True


def _made(declared: Every) -> Plan:
    interval = _interval(declared.spec)
    return Interval(*interval) if interval else Cron(declared.spec, declared.timezone)


def _interval(spec: str) -> tuple[int, str] | None:
    found = _INTERVAL.fullmatch(spec.strip())
    return None if found is None else (int(found[1]), found[2])
