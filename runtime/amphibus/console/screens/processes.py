"""The screen of the processes: each as it is now, as `amphibus ps` lists them."""

from starlette.responses import Response

from amphibus.console.rendering import page
from amphibus.console.visit import Visit


async def show(visit: Visit) -> Response:
    """Shows what each process hosts, how it is, and what waits in its stores."""
    return page(
        "processes",
        visit=visit,
        principal=visit.principal,
        processes=await visit.look.processes(),
        away={},
    )
