"""Asks a module a system contract, as another process would."""

from typing import Any

from amphibus.clock import SystemClock
from amphibus.contract import Command, Query
from amphibus.host.host import Host
from amphibus.messages.envelope import Envelope, Reply
from amphibus.messages.ids import new_id, new_trace


async def asked(
    host: Host, wanted: Command[Any] | Query[Any], *, source: str = "desk", module: str = "desk"
) -> Reply:
    """Returns what a module replies to another one."""
    envelope = Envelope(
        id=new_id(),
        type=type(wanted).contract_type,
        source=source,
        key=wanted.key_value(),
        time=SystemClock().now(),
        correlation="c",
        causation=None,
        trace=new_trace(),
        body=wanted.model_dump_json().encode(),
        reply=True,
    )
    return await host.transport.requests.request(module, envelope, 60.0)
