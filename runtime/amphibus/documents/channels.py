"""The channels of an AsyncAPI document: the exchange and the routing key by which a contract travels."""

from typing import Any, Final

from amphibus.contract import Message, kind_of
from amphibus.transports.rabbitmq.names import NOW, OUTSIDE, Names

Json = dict[str, Any]
_APART: Final = (
    "While one of its subscribers takes nothing, each of the others gets a copy of its own, with the subscriber behind"
    " the address (`{name}.p0.reporting`), and programs outside get one at `{name}.{outside}`. Bind `{name}.*`."
)


def is_answered(contract: type[Message]) -> bool:
    """Returns whether whoever sends it waits for a reply: a query, or a command that is decided at once."""
    http = contract.contract_http
    if kind_of(contract) == "query":
        return True
    return kind_of(contract) == "command" and http is not None and not http.stored


def channel_of(contract: type[Message], names: Names) -> Json:
    """Returns the channel of one contract; its address is the routing key."""
    name, owner = contract.contract_type, contract.contract_owner
    at_once = is_answered(contract)
    is_event = kind_of(contract) == "event"
    parameters = {
        "partition": {
            "description": "The CRC-32 of the key in UTF-8 (of the message's id where it has no key), "
            f"modulo {names.partitions}.",
            "enum": [str(each) for each in range(names.partitions)],
        }
    }
    return {
        "address": f"{name}.{NOW}" if at_once else f"{name}.p{{partition}}",
        "title": contract.contract_name,
        "summary": (contract.__doc__ or "").strip().split("\n")[0],
        **({"description": _APART.format(name=name, outside=OUTSIDE)} if is_event else {}),
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        **({} if at_once else {"parameters": parameters}),
        "tags": [{"name": owner}],
        "bindings": _amqp(names.events(owner) if is_event else names.commands(owner)),
    }


def reply_id(contract: type[Message]) -> str:
    """Returns the name of the channel, message and schema of a contract's replies."""
    return f"{contract.contract_type}.reply"


def reply_channel_of(contract: type[Message]) -> Json:
    """Returns the channel of the replies; each process that asks has an address of its own."""
    name = reply_id(contract)
    return {
        "address": None,
        "title": f"{contract.contract_name} answered",
        "description": "The exchange of replies to the module that asked, with the process as routing key.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "tags": [{"name": contract.contract_owner}],
    }


def _amqp(exchange: str) -> Json:
    kept = {"name": exchange, "type": "topic", "durable": True, "autoDelete": False}
    return {"amqp": {"is": "routingKey", "exchange": kept, "bindingVersion": "0.3.0"}}
