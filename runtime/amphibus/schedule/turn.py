"""Decides which times of a schedule get a command now, and which is the next."""

from dataclasses import dataclass
from typing import Final

from amphibus.clock import SECOND
from amphibus.schedule.declared import Missed
from amphibus.schedule.plan import Plan

AT_ONCE: Final = 64
"""The commands that one turn sends at most, of times that are made up for one by one."""
MOST_COUNTED: Final = 1_000
"""The missed times that one turn counts at most: of a schedule by the minute, sixteen hours."""
_LATE: Final = 60 * SECOND
"""After which a time counts as missed where nothing is made up for."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The times that get a command, the next one, and how many get none."""

    times: tuple[int, ...]
    next: int
    missed: int


def turn(plan: Plan, due: int, now: int, missed: Missed) -> Turn:
    """Returns what is to be done at a schedule that has been due since a time."""
    if missed == "all":
        return _each(plan, due, now)
    newest = plan.newest(due, now)
    others = _count(plan, due, newest)
    if missed == "skip" and now - newest > _LATE:
        return Turn((), plan.after(newest), others + 1)
    return Turn((newest,), plan.after(newest), others)


def next_time(plan: Plan, due: int | None, last: int | None, now: int) -> int:
    """Returns when a schedule is due: when it said, or sooner where the clock was ahead when it said so.

    A time that comes again because of that gets the command that it had before, which is ignored.
    """
    soonest = plan.after(now)
    if soonest == last:
        soonest = plan.after(soonest)
    return soonest if due is None else min(due, soonest)


def _each(plan: Plan, due: int, now: int) -> Turn:
    times = [due]
    while (following := plan.after(times[-1])) <= now and len(times) < AT_ONCE:
        times.append(following)
    return Turn(tuple(times), following, 0)


def _count(plan: Plan, due: int, newest: int) -> int:
    count = 0
    while due < newest and count < MOST_COUNTED:
        due = plan.after(due)
        count += 1
    return count
