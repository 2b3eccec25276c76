"""The acts on modules, schedules and processes that have not ended."""

from typing import Any

from starlette.responses import Response

from amphibus.console.screens.managers import managers
from amphibus.console.screens.stories import destinations
from amphibus.console.visit import NotThere, NotUnderstood, Visit, microseconds_of, see
from amphibus.contract import Command
from amphibus.messages.contracts.amphibus.v1 import (
    CancelProcess,
    ExpireProcess,
    PauseModule,
    PauseSchedule,
    ResumeModule,
    ResumeSchedule,
    RunSchedule,
)
from amphibus.nearest import did_you_mean


async def on_module(visit: Visit) -> Response:
    """Pauses a module or a type of message to it, or lets it go on."""
    module, type_ = visit.module(), visit.form.get("type", "").strip()
    wanted: Command[Any]
    if visit.form.get("what") == "pause":
        _check_received(visit, module, type_)
        span = visit.form.get("for", "").strip()
        seconds = microseconds_of(span) / 1_000_000 if span else None
        wanted = PauseModule(type=type_, seconds=seconds, reason=visit.reason(), by=visit.by)
    elif visit.form.get("what") == "resume":
        wanted = ResumeModule(type=type_, by=visit.by)
    else:
        raise NotUnderstood("the form does not say what to do")
    await visit.look.ask(module, wanted)
    return see("/console/queues")


def _check_received(visit: Visit, module: str, type_: str) -> None:
    """Refuses to pause a type that never comes to a module: it would go on, and be shown as paused.

    Raises:
        NotUnderstood: it receives no such type.
    """
    where = destinations(visit.project.topology())
    received = [name for name, receivers in where.items() if module in receivers]
    if type_ and type_ not in received:
        near = did_you_mean(type_, received)
        raise NotUnderstood(f"{module} receives no {type_[:100]}{near}", "nothing was paused")


async def on_schedule(visit: Visit) -> Response:
    """Pauses a schedule, lets it go on, or has it send a command now."""
    module, name, what = visit.module(), visit.place("name"), visit.form.get("what")
    if name not in [each.name for each in visit.project.modules[module].schedules]:
        raise NotThere(f"{module} has no such schedule")
    wanted: Command[Any]
    if what == "run":
        wanted = RunSchedule(schedule=name, reason=visit.reason(), by=visit.by)
    elif what == "pause":
        wanted = PauseSchedule(schedule=name, reason=visit.reason(), by=visit.by)
    elif what == "resume":
        wanted = ResumeSchedule(schedule=name, by=visit.by)
    else:
        raise NotUnderstood("the form does not say what to do")
    await visit.look.ask(module, wanted)
    return see("/console/schedules")


async def on_process(visit: Visit) -> Response:
    """Makes the deadlines of a process due now, or cancels it by the command that its module declares."""
    module, key, what = visit.module(), visit.place("key"), visit.form.get("what")
    known = {each.name: each for _, each in managers(visit, module)}
    process = known.get(visit.form.get("process", ""))
    if process is None:
        raise NotThere(f"{module} has no such process manager")
    wanted: Command[Any]
    if what == "expire":
        names = tuple(sorted(process.deadlines))
        wanted = ExpireProcess(
            process=process.name, key=key, deadlines=names, reason=visit.reason(), by=visit.by
        )
    elif what == "cancel":
        wanted = CancelProcess(process=process.name, key=key, reason=visit.reason(), by=visit.by)
    else:
        raise NotUnderstood("the form does not say what to do")
    await visit.look.ask(module, wanted)
    return see("/console/managers", module, key)
