"""Documents waiting for an outcome in OpenAPI."""

from collections.abc import Iterable
from typing import Any, Final

from amphibus.gateway.bindings import RouteBinding

Json = dict[str, Any]
EVENTS: Final = "/events"
"""Stands behind the path of what is waited for."""
PREFER: Final[Json] = {
    "name": "Prefer",
    "in": "header",
    "required": False,
    "description": "`wait=20` (RFC 7240) waits up to 20 seconds for the outcome; then it is answered as it stands.",
    "schema": {"type": "string"},
    "example": "wait=20",
}


def follows_of(read: RouteBinding, bindings: Iterable[RouteBinding]) -> list[str]:
    """Returns the names of the events that may be waited for at the path of a query."""
    creators = [each.contract for each in bindings if each.creates(read.http.path)]
    return sorted({event.contract_name for each in creators for event in each.contract_follows})


def events_operation(read: Json, names: list[str], problem: Json) -> Json:
    """Returns the operation of the event stream beside a query's own."""
    return {
        "operationId": f"{read['operationId']}.events",
        "tags": read["tags"],
        "summary": f"{read['summary']}: its outcome as a server-sent event",
        "description": (
            f"Sends one event, {' or '.join(names)}, with what `GET` answers then, and ends. A comment comes every 15"
            " seconds. Asked again with the `Last-Event-ID` of that event, it answers 204."
        ),
        "parameters": [
            *(each for each in read["parameters"] if each["in"] == "path"),
            {
                "name": "Last-Event-ID",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "maxLength": 255},
            },
        ],
        "responses": {
            "200": {
                "description": "Events.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            "204": {"description": "The client has seen the outcome already."},
            "404": {"description": "Nothing was accepted under this id.", "content": problem},
            "503": {"description": "Too many wait already: try again.", "content": problem},
        },
    }
