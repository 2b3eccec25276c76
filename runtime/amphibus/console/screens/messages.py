"""The screen of messages as they pass: remembered only while somebody looks at it."""

from typing import Final

from starlette.responses import Response

from amphibus.console.rendering import page
from amphibus.console.visit import Visit
from amphibus.messages.contracts.amphibus.v1 import TapMessages

_SHOWN: Final = 100


async def show(visit: Visit) -> Response:
    """Shows the messages that receivers were done with last, as far as the filters find them, newest first."""
    wanted = TapMessages(
        limit=_SHOWN,
        pattern=visit.asked("type"),
        key=visit.asked("key") or None,
        correlation=visit.asked("flow") or None,
    )
    found = await visit.look.passed(wanted, visit.asked("module"))
    return page(
        "messages",
        visit=visit,
        principal=visit.principal,
        messages=sorted(found, key=lambda each: each[1].done, reverse=True)[:_SHOWN],
        away=visit.look.away,
    )
