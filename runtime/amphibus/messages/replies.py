"""Replies at the border of a process: the same rule as they leave and as they arrive, on every way."""

from dataclasses import replace
from typing import Final

from amphibus.contract.texts import storable
from amphibus.messages.cloudevents import LONGEST_DETAIL
from amphibus.messages.envelope import Reply

LONGEST_CODE: Final = 255
OUTCOMES: Final = ("answered", "refused", "failed", "unavailable")


def cleaned(reply: Reply) -> Reply:
    """Returns a reply whose texts any header, log and database takes; an outcome that nobody knows is a failure."""
    if reply.outcome in OUTCOMES and not (reply.code or reply.detail):
        return reply
    return replace(
        reply,
        outcome=reply.outcome if reply.outcome in OUTCOMES else "failed",
        code=storable(reply.code, LONGEST_CODE),
        detail=storable(reply.detail, LONGEST_DETAIL),
    )
