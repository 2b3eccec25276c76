"""The screen of what waits: per module what has not left, for whom, and what it has and has not handled."""

from starlette.responses import Response

from amphibus.console.rendering import page
from amphibus.console.visit import Visit
from amphibus.messages.contracts.amphibus.v1 import CountStore, CountWaits, ListPauses


async def show(visit: Visit) -> Response:
    """Shows the lines between modules, and what is paused."""
    only = visit.asked("module")
    stores = await visit.look.every(CountStore(), only)
    waits = await visit.look.every(CountWaits(), only)
    pauses = await visit.look.every(ListPauses(now=visit.now), only)
    return page(
        "queues",
        visit=visit,
        principal=visit.principal,
        stores=stores,
        unsent=[(module, each) for module, some in waits.items() for each in some.unsent],
        received=[(module, each) for module, some in waits.items() for each in some.received],
        pauses=[(module, each) for module, some in pauses.items() for each in some.paused],
        away=visit.look.away,
    )
