"""The answers about schedules. Times are microseconds since the epoch."""

from amphibus.contract import Value


class ScheduleStanding(Value):
    """The standing of a schedule as it is written down, and nothing of what its module declares."""

    name: str
    next: int | None
    """None until it is armed."""
    last: int | None
    """The last time that got a command."""
    missed: int
    """The times that got none."""
    paused: int | None
    """Since when, if it is."""
    reason: str
    asked: int | None
    """When somebody asked for a command by hand, until it is sent."""


class ModuleSchedules(Value):
    """The schedules of a module that have been armed, paused or asked for."""

    schedules: tuple[ScheduleStanding, ...]
