"""The screen of the log: the newest lines of all processes, merged by time."""

import json
from typing import Any, Final, NamedTuple

from starlette.responses import Response

from amphibus.console.rendering import page
from amphibus.console.visit import Visit
from amphibus.messages.contracts.amphibus.v1 import ListLines

LEVELS: Final = ("debug", "info", "warning", "error")
_LINES: Final = 200
_OWN: Final = ("time", "level", "event", "module", "correlation")


class Line(NamedTuple):
    """A line of one process."""

    time: str
    level: str
    event: str
    module: str
    correlation: str
    rest: str
    """Its other fields."""


async def show(visit: Visit) -> Response:
    """Shows the newest lines that the filters find, newest first."""
    level = visit.asked("level") if visit.asked("level") in LEVELS else "debug"
    only = visit.asked("module")
    wanted = ListLines(
        limit=_LINES,
        least=level,
        modules=(only,) if only else (),
        correlation=visit.asked("flow") or None,
        text=visit.asked("text"),
    )
    said = await visit.look.lines(wanted)
    found = [_line(json.loads(each), modules) for modules, some in said for each in some.lines]
    return page(
        "logs",
        visit=visit,
        principal=visit.principal,
        lines=sorted(found, key=lambda each: each.time, reverse=True)[:_LINES],
        levels=LEVELS,
        away=visit.look.away,
    )


def _line(fields: dict[str, Any], modules: tuple[str, ...]) -> Line:
    own = {name: str(fields.get(name) or "") for name in _OWN}
    own["module"] = own["module"] or (modules[0] if len(modules) == 1 else "the process")
    rest = (f"{name}={each}" for name, each in fields.items() if name not in _OWN)
    return Line(**own, rest="  ".join(rest))
