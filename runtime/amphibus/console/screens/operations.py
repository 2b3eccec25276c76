"""The screens of operations on many dead letters: the newest, and one with how far it is."""

from starlette.responses import Response

from amphibus.console.rendering import page
from amphibus.console.visit import PAGE, NotThere, Visit
from amphibus.messages.contracts.amphibus.v1 import ListOperations


async def newest(visit: Visit) -> Response:
    """Shows the newest operations."""
    answers = await visit.look.every(ListOperations(limit=PAGE), visit.asked("module"))
    found = [(module, each) for module, some in answers.items() for each in some.operations]
    found.sort(key=lambda each: -each[1].began)
    return page(
        "operations",
        visit=visit,
        principal=visit.principal,
        operations=found[:PAGE],
        away=visit.look.away,
    )


async def one(visit: Visit) -> Response:
    """Shows one operation: its progress in each module, by whom and why."""
    asked = ListOperations(id=visit.place("id"), outcomes=True, limit=1)
    answers = await visit.look.every(asked)
    found = [(module, each) for module, some in answers.items() for each in some.operations]
    if not found:
        raise NotThere("there is no such operation", "the oldest are forgotten")
    return page(
        "operation",
        visit=visit,
        principal=visit.principal,
        id=visit.place("id"),
        parts_=found,
        running=any(each.state == "running" for _, each in found),
        ended=all(each.state == "done" for _, each in found),
        away=visit.look.away,
    )
