"""The screens of process managers: how many processes stand in which state, which are stuck, and one of them."""

from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from starlette.responses import Response

from amphibus.admin.standing import Narrowed, standing, usual_times, waits_for
from amphibus.console.drawing.states import Picture, drawn
from amphibus.console.rendering import page
from amphibus.console.visit import PAGE, NotThere, Visit, microseconds_of
from amphibus.database.timers import NEVER
from amphibus.errors import AmphibusError
from amphibus.messages.contracts.amphibus.answers import ProcessStanding, StateCount
from amphibus.messages.contracts.amphibus.v1 import CountProcesses, FindFlow
from amphibus.process import Process
from amphibus.routing.topology import processes_of

_MOST_LOOKED_AT: Final = 5_000


class Row(NamedTuple):
    """A process that has not ended."""

    module: str
    standing: ProcessStanding
    waits_for: list[str]
    stuck: bool


async def show(visit: Visit) -> Response:
    """Shows the states with their counts, and the processes that have stood still longest."""
    counts = await visit.look.every(CountProcesses(), visit.asked("module"))
    rows: list[Row] = []
    for module, process in managers(visit):
        try:
            rows += await _rows(visit, module, process)
        except AmphibusError as error:
            visit.look.away.setdefault(module, error.why or error.what)
    listed = [(module, each) for module, some in counts.items() for each in some.counts]
    return page(
        "managers",
        visit=visit,
        principal=visit.principal,
        counts=listed,
        pictures=_pictures(visit, listed, rows),
        rows=sorted(rows, key=lambda row: row.standing.since)[:PAGE],
        more=len(rows) > PAGE,
        never=NEVER,
        away=visit.look.away,
    )


async def one(visit: Visit) -> Response:
    """Shows one process: where it stands and since when, what it waits for, and its deadlines."""
    module, key = visit.module(), visit.place("key")[:255]
    rows = await of_key(visit, key, module)
    flow = await visit.look.ask(module, FindFlow(key=key))
    if not rows and not flow.correlation:
        raise NotThere(f"no process of {module} has that key")
    known = {each.name: each for name, each in managers(visit, module)}
    return page(
        "manager",
        visit=visit,
        principal=visit.principal,
        module=module,
        key=key,
        rows=rows,
        known=known,
        drawn=drawn,
        flow=flow.correlation,
        never=NEVER,
        away={},
    )


async def of_key(visit: Visit, key: str, only: str = "") -> list[Row]:
    """Returns the processes with a key that have not ended.

    Raises:
        AmphibusError: a module does not answer.
    """
    return [
        Row(name, each, waits_for(process, each.state), stuck=False)
        for name, process in managers(visit, only)
        if name not in visit.look.away
        async for each in standing(visit.look.views[name], process, Narrowed(key=key))
    ]


def managers(visit: Visit, only: str = "") -> Iterator[tuple[str, Process]]:
    """Yields the processes that front pages declare, with their modules, as the filter says."""
    only = only or visit.asked("module")
    for name, module in visit.project.modules.items():
        if only in ("", name):
            for each in processes_of(module):
                yield name, each


def _pictures(visit: Visit, counts: list[tuple[str, StateCount]], rows: list[Row]) -> list[Picture]:
    """Returns the process managers as pictures; what is stuck is counted among those that were looked at."""
    found = []
    for module, process in managers(visit):
        here = [
            (name, each) for name, each in counts if (name, each.process) == (module, process.name)
        ]
        stuck = [
            row.standing.state
            for row in rows
            if row.stuck and (row.module, row.standing.process) == (module, process.name)
        ]
        numbers = {each.state: each.count for _, each in here}
        found.append(drawn(module, process, numbers, Counter(stuck)))
    return found


async def _rows(visit: Visit, module: str, process: Process) -> list[Row]:
    view, found = visit.look.views[module], list[Row]()
    usual = await usual_times(view, process)
    looked = 0
    async for each in standing(view, process, _narrowed(visit)):
        looked += 1
        stuck = visit.now - each.since > usual.get(each.state, 0)
        if stuck or not visit.asked("stuck"):
            found.append(Row(module, each, waits_for(process, each.state), stuck))
        if len(found) > PAGE or looked > _MOST_LOOKED_AT:
            break
    return found


def _narrowed(visit: Visit) -> Narrowed:
    older, state = visit.asked("older"), visit.asked("state")
    before = visit.now - microseconds_of(older) if older else None
    return Narrowed((state,) if state else (), visit.asked("key") or None, before)
