"""The operations of an AsyncAPI document: what each module, the gateway and each outside program sends and takes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from amphibus.contract import Message, kind_of
from amphibus.documents.channels import is_answered, reply_id
from amphibus.documents.system import System
from amphibus.routing.topology import GATEWAY

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """Somebody sends messages of a contract, or receives them."""

    who: str
    action: str
    """`send` or `receive`."""
    contract: type[Message]

    @property
    def is_answered(self) -> bool:
        """It comes with a reply. That to a stored command goes to the gateway alone, while somebody waits there."""
        http = self.contract.contract_http
        at_the_gateway = http is not None and self.who in (GATEWAY, self.contract.contract_owner)
        return is_answered(self.contract) or (
            at_the_gateway and kind_of(self.contract) == "command"
        )

    @property
    def name(self) -> str:
        """Its name in the document."""
        return f"{self.who}.{self.action}.{self.contract.contract_type}"


def operations_of(system: System) -> Iterator[Operation]:
    """Yields all operations, whose names are in order."""
    found = {each.name: each for each in _all(system)}
    yield from (found[name] for name in sorted(found))


def document_of(operation: Operation) -> Json:
    """Returns an operation as the document has it."""
    contract = operation.contract
    name = contract.contract_type
    bindings: Json = {"bindingVersion": "0.3.0"}
    if operation.action == "send":
        bindings |= {"deliveryMode": 2, "mandatory": not is_answered(contract)}
    else:
        bindings |= {"ack": True}
    return {
        "action": operation.action,
        "channel": {"$ref": f"#/channels/{name}"},
        "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
        "title": f"{operation.who} {operation.action}s {contract.contract_name}",
        "tags": [{"name": operation.who}],
        "bindings": {"amqp": bindings},
        **({"reply": _reply(contract)} if operation.is_answered else {}),
    }


def _reply(contract: type[Message]) -> Json:
    channel = reply_id(contract)
    address = {
        "location": "$message.header#/reply_to",
        "description": "The property `reply_to`: exchange and routing key.",
    }
    return {
        **({"address": address} if is_answered(contract) else {}),
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{channel}"}],
    }


def _all(system: System) -> Iterator[Operation]:
    topology = system.topology
    contracts = topology.contracts
    for name, owner in topology.owners.items():
        yield Operation(owner, "receive", contracts[name])
        if contracts[name].contract_http is not None:
            yield Operation(GATEWAY, "send", contracts[name])
    for name, who in topology.subscribers.items():
        yield from (Operation(module, "receive", contracts[name]) for module in who)
    for given in (topology.publishes, topology.sends):
        for module, types in given.items():
            yield from (Operation(module, "send", contracts[name]) for name in types)
    for program, declared in system.producers.items():
        for action, types in (("send", declared.sends), ("receive", declared.subscribes)):
            known = (contracts[name] for name in types if name in contracts)
            yield from (Operation(program, action, each) for each in known)
