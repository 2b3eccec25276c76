"""The headers of messages on the wire, as schemas and as an example: CloudEvents 1.0 in binary mode."""

from typing import Any, Final

from amphibus.contract import Message
from amphibus.messages.cloudevents import LONGEST, LONGEST_DETAIL, LONGEST_EXTRA, TRACE
from amphibus.messages.replies import OUTCOMES

Json = dict[str, Any]
NAME: Final = "CloudEventsHeaders"
_TIME: Final = "2026-01-31T12:00:00.000000Z"
_TRACE: Final = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
_EXAMPLE_ID: Final = "0198f0a2-7c1e-7a53-9d2f-5b1c2a3d4e5f"


def cloud_events() -> Json:
    """Returns the schema that the headers of every message but a reply match."""
    return {
        "type": "object",
        "description": "The attributes of CloudEvents 1.0, binary mode. All values are text of one line.",
        "required": ["ce-specversion", "ce-id", "ce-type", "ce-source"],
        "properties": {
            "ce-specversion": {"const": "1.0"},
            "ce-id": _text(
                LONGEST["id"], "With the source it is the message's identity: it takes effect once."
            ),
            "ce-type": _text(LONGEST["type"], "The contract, as in the routing key."),
            "ce-source": _text(LONGEST["source"], "Who sends it: a module or a program."),
            "ce-time": {"type": "string", "format": "date-time"},
            "ce-partitionkey": _text(
                LONGEST["partitionkey"],
                "Messages with the same source and key are handled in order.",
            ),
            "ce-correlationid": _text(LONGEST["correlationid"], "The flow that it belongs to."),
            "ce-causationid": _text(
                LONGEST["causationid"], "The id of the message that caused it."
            ),
            "ce-reply": {"const": "true", "description": "The sender waits for an answer."},
            "ce-late": {"const": "true", "description": "It comes after later ones of its key."},
            "traceparent": {
                "type": "string",
                "pattern": f"^{TRACE.pattern}$",
                "description": "W3C trace context.",
            },
        },
        "additionalProperties": {"type": "string", "maxLength": LONGEST_EXTRA},
    }


def headers_of(contract: type[Message]) -> Json:
    """Returns the schema of one contract's headers."""
    return {
        "allOf": [{"$ref": f"#/components/schemas/{NAME}"}],
        "type": "object",
        "properties": {"ce-type": {"const": contract.contract_type}},
    }


def headers_of_reply(contract: type[Message]) -> Json:
    """Returns the schema of a reply's headers: how it ended, and why."""
    codes = sorted(contract.contract_refuses)
    return {
        "type": "object",
        "required": ["ce-outcome"],
        "properties": {
            "ce-outcome": {
                "enum": list(OUTCOMES),
                "description": "`refused`: the owner says no, see ce-code; `unavailable`: nothing was done, ask again.",
            },
            "ce-code": {
                "type": "string",
                "description": "Of a refusal: why, in a word.",
                **({"examples": codes} if codes else {}),
            },
            "ce-detail": {"type": "string", "maxLength": LONGEST_DETAIL},
        },
    }


def example_of(contract: type[Message], source: str) -> Json | None:
    """Returns a whole message as an example, if its contract has one."""
    payload = contract.contract_example
    if payload is None:
        return None
    key = payload.get(contract.contract_key) if contract.contract_key else None
    headers = {
        "ce-specversion": "1.0",
        "ce-id": _EXAMPLE_ID,
        "ce-type": contract.contract_type,
        "ce-source": f"/{source}",
        "ce-time": _TIME,
        **({} if key is None else {"ce-partitionkey": str(key)}),
        "ce-correlationid": _EXAMPLE_ID,
        "traceparent": _TRACE,
    }
    return {"name": contract.contract_name, "headers": headers, "payload": dict(payload)}


def _text(longest: int, description: str) -> Json:
    return {"type": "string", "minLength": 1, "maxLength": longest, "description": description}
