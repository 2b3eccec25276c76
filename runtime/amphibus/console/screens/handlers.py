"""The screen of the handlers: how often each runs, how long it takes, and how it fails."""

from collections.abc import Callable
from typing import Final

from starlette.responses import Response

from amphibus.console.rates import Handled
from amphibus.console.rendering import page
from amphibus.console.visit import Visit

ORDERS: Final[dict[str, Callable[[Handled], float]]] = {
    "slow": lambda each: each.slow,
    "busy": lambda each: each.per_second,
    "much": lambda each: each.handled,
    "failing": lambda each: each.died + each.delayed,
}


async def show(visit: Visit) -> Response:
    """Shows what every process has handled since it began, the slowest first if nothing else is wanted."""
    by = visit.asked("by") if visit.asked("by") in ORDERS else "slow"
    only = visit.asked("module")
    known = (await visit.rates.now(visit.look)).values()
    found = [each for each in known if only in ("", each.module)]
    return page(
        "handlers",
        visit=visit,
        principal=visit.principal,
        handlers=sorted(found, key=lambda each: (-ORDERS[by](each), each.module, each.type)),
        orders=tuple(ORDERS),
        by=by,
        away=visit.look.away,
    )
