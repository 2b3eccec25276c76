"""The screen of the audit: who did what to which module, when and why."""

from typing import Final

from starlette.responses import Response

from amphibus.console.rendering import page
from amphibus.console.visit import PAGE, Visit
from amphibus.messages.contracts.amphibus.v1 import ListAudit

_NEWEST: Final = 1 << 62


async def show(visit: Visit) -> Response:
    """Shows what operators did, newest first; pages are of one module."""
    only = visit.asked("module")
    before = visit.number("before", _NEWEST) if only else _NEWEST
    answers = await visit.look.every(ListAudit(before=before, limit=PAGE), only)
    found = [(module, each) for module, some in answers.items() for each in some.entries]
    found.sort(key=lambda each: (-each[1].at, each[0], -each[1].number))
    return page(
        "audit",
        visit=visit,
        principal=visit.principal,
        entries=found[:PAGE],
        last=found[-1][1].number if only and len(found) == PAGE else None,
        away=visit.look.away,
    )
