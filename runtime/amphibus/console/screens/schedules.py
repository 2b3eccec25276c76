"""The screen of schedules: when each sends its command, the next time and the last, and what was missed."""

from typing import NamedTuple

from starlette.responses import Response

from amphibus.console.rendering import page
from amphibus.console.visit import Visit
from amphibus.messages.contracts.amphibus.schedule_answers import ScheduleStanding
from amphibus.messages.contracts.amphibus.v1 import ListSchedules
from amphibus.schedule.declared import Every
from amphibus.schedule.plan import plan_of


class Row(NamedTuple):
    """A schedule as it is declared, and where it stands."""

    module: str
    declared: Every
    words: str
    next: int | None
    standing: ScheduleStanding | None


async def show(visit: Visit) -> Response:
    """Shows every schedule of the front pages."""
    answers = await visit.look.every(ListSchedules(), visit.asked("module"))
    rows = [
        _row(name, each, {some.name: some for some in answers[name].schedules}, visit.now)
        for name, module in visit.project.modules.items()
        if name in answers
        for each in module.schedules
    ]
    return page(
        "schedules", visit=visit, principal=visit.principal, rows=rows, away=visit.look.away
    )


def _row(module: str, declared: Every, known: dict[str, ScheduleStanding], now: int) -> Row:
    plan, standing = plan_of(declared), known.get(declared.name)
    due = plan.after(now) if standing is None or standing.next is None else standing.next
    if standing is not None and standing.paused is not None:
        return Row(module, declared, plan.in_words(), None, standing)
    return Row(module, declared, plan.in_words(), due, standing)
