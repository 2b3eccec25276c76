"""The system as an AsyncAPI 3 document, made of the contracts and the front pages.

See https://www.asyncapi.com/docs/reference/specification/v3.1.0. A channel is an exchange with the
routing key of one contract; an operation is what one module does with it.
"""

from collections.abc import Iterator
from typing import Any, Final

from amphibus import __version__
from amphibus.contract import Message, kind_of, personal_fields
from amphibus.documents.channels import channel_of, reply_channel_of, reply_id
from amphibus.documents.headers import (
    NAME,
    cloud_events,
    example_of,
    headers_of,
    headers_of_reply,
)
from amphibus.documents.operations import document_of, operations_of
from amphibus.documents.schemas import PARTS, answer_of, end_of, payload_of, spread
from amphibus.documents.system import Server, System

Json = dict[str, Any]
VERSION: Final = "3.1.0"
_DESCRIPTION: Final = (
    "Messages are CloudEvents 1.0 in binary mode over AMQP 0-9-1: attributes as `ce-` headers, the payload as "
    "JSON in the body. Delivery is at least once: `ce-source` and `ce-id` tell a repetition. Receivers ignore "
    "fields that they do not know."
)


def asyncapi(system: System, module: str | None = None) -> Json:
    """Returns the document of the whole system, or of what one module or outside program takes and sends."""
    operations = [each for each in operations_of(system) if module in (None, each.who)]
    contracts = {each.contract.contract_type: each.contract for each in operations}
    asked = {each.contract.contract_type: each.contract for each in operations if each.is_answered}
    return {
        "asyncapi": VERSION,
        "id": f"urn:amphibus:{system.title}" + (f":{module}" if module else ""),
        "info": _info(system, module),
        "defaultContentType": "application/json",
        **({"servers": _servers(system)} if system.servers else {}),
        "channels": {
            **{name: channel_of(each, system.names) for name, each in sorted(contracts.items())},
            **{reply_id(each): reply_channel_of(each) for _, each in sorted(asked.items())},
        },
        "operations": {each.name: document_of(each) for each in operations},
        "components": {
            "messages": dict(_messages(contracts, asked)),
            "schemas": {NAME: cloud_events(), **dict(_schemas(contracts, asked))},
        },
    }


def _info(system: System, module: str | None) -> Json:
    title = system.title if module is None else f"{system.title}: {module}"
    tags = [{"name": each} for each in ([module] if module else system.topology.modules)]
    return {"title": title, "version": __version__, "description": _DESCRIPTION, "tags": tags}


def _servers(system: System) -> Json:
    return {f"broker{number or ''}": _server(each) for number, each in enumerate(system.servers)}


def _server(server: Server) -> Json:
    return {
        "host": server.host,
        "pathname": f"/{server.vhost.removeprefix('/')}",
        "protocol": "amqps" if server.tls else "amqp",
        "protocolVersion": "0.9.1",
        "security": [{"type": "userPassword"}],
    }


def _messages(
    contracts: dict[str, type[Message]], asked: dict[str, type[Message]]
) -> Iterator[tuple[str, Json]]:
    for name, each in sorted(contracts.items()):
        yield name, _message(each)
    for _, each in sorted(asked.items()):
        yield reply_id(each), _reply(each)


def _message(contract: type[Message]) -> Json:
    text = (contract.__doc__ or "").strip()
    marks = personal_fields(contract)
    example = example_of(contract, _source(contract))
    return {
        "name": contract.contract_type,
        "title": contract.contract_name,
        "summary": text.split("\n")[0],
        "description": text,
        "contentType": "application/json",
        "headers": headers_of(contract),
        "payload": {"$ref": f"{PARTS}{contract.contract_type}"},
        "correlationId": {"location": "$message.header#/ce-correlationid"},
        "tags": [{"name": contract.contract_owner}, {"name": kind_of(contract)}],
        "bindings": {"amqp": {"messageType": contract.contract_type, "bindingVersion": "0.3.0"}},
        **({"examples": [example]} if example else {}),
        **({"x-personal": marks} if marks else {}),
        **({"x-key": contract.contract_key} if contract.contract_key else {}),
        **({"x-deprecated": end_of(contract)} if contract.contract_deprecated else {}),
    }


def _source(contract: type[Message]) -> str:
    return contract.contract_owner if kind_of(contract) == "event" else "till-7"


def _reply(contract: type[Message]) -> Json:
    refuses = dict(sorted(contract.contract_refuses.items()))
    answer = contract.answer_type()
    return {
        "name": reply_id(contract),
        "title": f"{contract.contract_name} answered",
        "summary": "The answer, or with another outcome an empty body and the reason in the headers.",
        "contentType": "application/json",
        "headers": headers_of_reply(contract),
        **({} if answer is None else {"payload": {"$ref": f"{PARTS}{reply_id(contract)}"}}),
        "tags": [{"name": contract.contract_owner}, {"name": "reply"}],
        "bindings": {"amqp": {"messageType": "reply", "bindingVersion": "0.3.0"}},
        **({"x-refuses": refuses} if refuses else {}),
    }


def _schemas(
    contracts: dict[str, type[Message]], asked: dict[str, type[Message]]
) -> Iterator[tuple[str, Json]]:
    for name, each in sorted(contracts.items()):
        yield from spread(name, payload_of(each)).items()
    for _, each in sorted(asked.items()):
        answer = answer_of(each)
        if answer is not None:
            yield from spread(reply_id(each), answer).items()
