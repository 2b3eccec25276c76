"""Cancels a process as an operator wants it: by the command that its module declares, handled as any other."""

from collections.abc import Awaitable, Callable
from typing import Any

from amphibus.access.operator import this_operator
from amphibus.access.principal import attributes_of, carried
from amphibus.contract import Command
from amphibus.errors import RequestFailed
from amphibus.inbox.services import InboxServices
from amphibus.messages.contracts.amphibus.acting import ProcessCancelled
from amphibus.messages.contracts.amphibus.v1 import CancelProcess
from amphibus.messages.envelope import Envelope, Reply
from amphibus.messages.ids import next_span
from amphibus.process import Process
from amphibus.routing.topology import processes_of

Handle = Callable[[Envelope], Awaitable[Reply]]


async def cancel(
    services: InboxServices, wanted: CancelProcess, asked: Envelope, handle: Handle
) -> Reply:
    """Has the command handled, and returns what became of it.

    Raises:
        RequestFailed: the module has no such process, or it declares no such command.
    """
    command = _command(services, wanted.process)
    key = command.contract_key or ""
    message = command.model_validate({key: wanted.key})
    envelope = Envelope(
        id=asked.id,
        type=command.contract_type,
        source=services.module.name,
        key=message.key_value(),
        time=services.clock.now(),
        correlation=asked.correlation,
        causation=None,
        trace=next_span(asked.trace),
        body=message.model_dump_json().encode(),
        reply=True,
        extra=carried(attributes_of(this_operator())),
    )
    reply = await handle(envelope)
    if reply.outcome != "answered":
        return reply
    said = ProcessCancelled(command=command.contract_type)
    return Reply("answered", said.model_dump_json().encode())


def _command(services: InboxServices, name: str) -> type[Command[Any]]:
    found: dict[str, Process] = {each.name: each for each in processes_of(services.module)}
    command = found[name].cancelled_by if name in found else None
    if command is None:
        raise RequestFailed(
            f"process {name} of {services.module.name} cannot be cancelled",
            "its module declares no command for that",
            f"Process(name='{name}', cancelled_by=...)",
        )
    return command
