"""Answers what other modules ask on behalf of the runtime; no handler of the module is involved."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from pydantic import BaseModel, ValidationError

from amphibus.database.store import Store
from amphibus.inbox.system.arrived import not_arrived
from amphibus.messages.envelope import Envelope, Reply
from amphibus.messages.system_requests import ARRIVED
from amphibus.telemetry.privacy import describe

SystemHandler = Callable[[Store, Envelope], Awaitable[BaseModel]]
"""Answers one type of system request from the database of the module that is asked."""

_HANDLERS: Final[Mapping[str, SystemHandler]] = {ARRIVED: not_arrived}


async def answer(store: Store, envelope: Envelope) -> Reply | None:
    """Returns the reply to a system request; None if it is none that this version knows."""
    handler = _HANDLERS.get(envelope.type)
    if handler is None:
        return None
    try:
        said = await handler(store, envelope)
    except ValidationError as error:
        return Reply("failed", detail=f"{envelope.type} has {error.error_count()} wrong values")
    except Exception as error:  # noqa: BLE001 - the database may be away for a while
        return Reply("unavailable", detail=describe(error))
    return Reply("answered", said.model_dump_json().encode())
