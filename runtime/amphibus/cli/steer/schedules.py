"""`amphibus schedules`: the times at which modules get commands of their own, and what to do about them."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final, NamedTuple

from cyclopts import Parameter

from amphibus.admin.views import Views
from amphibus.cli import options
from amphibus.cli.operator import operator, reasoned
from amphibus.cli.output import (
    CommandError,
    Exit,
    check_module,
    moment,
    rfc3339,
    show_columns,
    show_json,
    typed,
    unknown,
)
from amphibus.cli.views import act, look
from amphibus.clock import SystemClock
from amphibus.contract import Command
from amphibus.messages.contracts.amphibus.schedule_answers import ModuleSchedules, ScheduleStanding
from amphibus.messages.contracts.amphibus.v1 import (
    ListSchedules,
    PauseSchedule,
    ResumeSchedule,
    RunSchedule,
)
from amphibus.schedule.declared import Every
from amphibus.schedule.plan import Plan, plan_of

_OfModule = Annotated[
    str | None, Parameter(help="The module, if several have a schedule of that name.")
]
_Reason = Annotated[str, Parameter(help="Why, for those who look.")]
_MADE_UP: Final = {
    "once": "one sent for all of them",
    "all": "each sent later",
    "skip": "none sent for them",
}


class Scheduled(NamedTuple):
    """A schedule as it is declared, and where it stands; None where it has never been armed."""

    module: str
    declared: Every
    plan: Plan
    standing: ScheduleStanding | None


def list_schedules(
    module: str | None = None,
    *,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """List schedules: when each sends its command, the next time and the last, and how many times were missed.

    Example: amphibus schedules list reporting

    Args:
        module: Only this module.
    """
    known = options.project().modules
    if module is not None:
        check_module(module, known)
    found = look(data_dir, db, partial(_found, module))
    _show(found, as_json=as_json)
    if found and not as_json:
        print(typed("\namphibus schedules run NAME sends one now"))


def run(
    name: str,
    *,
    module: _OfModule = None,
    reason: _Reason = "",
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Send the command of a schedule now, beside those of its times; while its module is away, when that starts.

    Example: amphibus schedules run close_day

    Args:
        name: The schedule.
    """
    owner, declared = _known(name, module)
    wanted = RunSchedule(schedule=name, reason=reasoned(reason), by=operator(None))
    _steered(owner, declared, act(data_dir, db, owner, wanted), as_json=as_json)


def pause(
    name: str,
    *,
    module: _OfModule = None,
    reason: _Reason = "",
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Let a schedule send nothing until it is resumed. What falls into the pause is not made up for.

    Example: amphibus schedules pause close_day --reason "the books are open for a week"

    Args:
        name: The schedule.
    """
    owner, declared = _known(name, module)
    wanted: Command[ModuleSchedules] = PauseSchedule(
        schedule=name, reason=reasoned(reason), by=operator(None)
    )
    _steered(owner, declared, act(data_dir, db, owner, wanted), as_json=as_json)


def resume(
    name: str,
    *,
    module: _OfModule = None,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Let a schedule go on that was paused, with the first time from now on.

    Example: amphibus schedules resume close_day

    Args:
        name: The schedule.
    """
    owner, declared = _known(name, module)
    wanted = ResumeSchedule(schedule=name, by=operator(None))
    _steered(owner, declared, act(data_dir, db, owner, wanted), as_json=as_json)


async def _found(only: str | None, views: Views) -> list[Scheduled]:
    found: list[Scheduled] = []
    for name, module in options.project().modules.items():
        if module.schedules and name in views and only in (None, name):
            answered = await views[name].ask(ListSchedules())
            found += [_scheduled(name, each, answered) for each in module.schedules]
    return found


def _scheduled(module: str, declared: Every, answered: ModuleSchedules) -> Scheduled:
    standing = {each.name: each for each in answered.schedules}
    return Scheduled(module, declared, plan_of(declared), standing.get(declared.name))


def _known(name: str, module: str | None) -> tuple[str, Every]:
    """Returns the module of a schedule, and the schedule."""
    modules = options.project().modules.values()
    everything = [(each.name, some) for each in modules for some in each.schedules]
    found = [each for each in everything if each[1].name == name and module in (None, each[0])]
    if len(found) == 1:
        return found[0]
    if not found:
        names = [some.name for owner, some in everything if module in (None, owner)]
        raise unknown("schedule", name, names, "amphibus schedules list")
    raise CommandError(
        f"{len(found)} modules have a schedule {name}",
        f"they are {', '.join(owner for owner, _ in found)}",
        f"amphibus schedules list {found[0][0]}",
        Exit.USAGE,
    )


def _steered(owner: str, declared: Every, answered: ModuleSchedules, *, as_json: bool) -> None:
    _show([_scheduled(owner, declared, answered)], as_json=as_json)


def _show(found: list[Scheduled], *, as_json: bool) -> None:
    now = SystemClock().now()
    if as_json:
        show_json([_facts(each, now) for each in found])
        return
    if not found:
        print("no schedules")
        return
    header = ("NAME", "MODULE", "COMMAND", "WHEN", "NEXT", "LAST", "MISSED")
    show_columns(header, [_row(each, now) for each in found])


def _facts(each: Scheduled, now: int) -> dict[str, Any]:
    declared, standing = each.declared, each.standing
    due = _next(each, now)
    return {
        "name": declared.name,
        "module": each.module,
        "command": declared.contract.contract_type,
        "spec": declared.spec,
        "timezone": declared.timezone,
        "when": each.plan.in_words(),
        "missed_times": declared.missed,
        "next": None if due is None else rfc3339(due),
        "last": rfc3339(standing.last) if standing and standing.last is not None else None,
        "missed": standing.missed if standing else 0,
        "paused": rfc3339(standing.paused) if standing and standing.paused is not None else None,
        "reason": standing.reason if standing else "",
        "asked": rfc3339(standing.asked) if standing and standing.asked is not None else None,
    }


def _row(each: Scheduled, now: int) -> list[str]:
    declared, standing = each.declared, each.standing
    missed = standing.missed if standing else 0
    return [
        declared.name,
        each.module,
        declared.contract.contract_type,
        each.plan.in_words(),
        _next_in_words(each, now),
        _said(each, standing.last if standing else None),
        f"{missed}, {_MADE_UP[declared.missed]}" if missed else "none",
    ]


def _next_in_words(each: Scheduled, now: int) -> str:
    standing = each.standing
    if standing is not None and standing.asked is not None:
        return "at once, by hand"
    if standing is not None and standing.paused is not None:
        why = f": {standing.reason}" if standing.reason else ""
        return f"paused since {moment(standing.paused)}{why}"
    return _said(each, _next(each, now))


def _next(each: Scheduled, now: int) -> int | None:
    """Returns the next time; where it is not armed yet, the one that it will be armed for."""
    if each.standing is None:
        return each.plan.after(now)
    if each.standing.paused is not None:
        return None
    return each.plan.after(now) if each.standing.next is None else each.standing.next


def _said(each: Scheduled, at: int | None) -> str:
    if at is None:
        return "-"
    local: datetime = each.plan.local(at)
    return local.strftime("%a %Y-%m-%d %H:%M:%S %Z")
