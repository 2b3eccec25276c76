"""The wire format: CloudEvents 1.0 in binary mode, attributes as `ce-` headers, the payload as the body."""

import re
from datetime import datetime
from types import MappingProxyType

from amphibus.clock import as_datetime, as_microseconds
from amphibus.errors import Undecodable
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_trace

_PREFIX = "ce-"
_LONGEST_ID = 128
_TRACE = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_REQUIRED = ("specversion", "id", "type", "source")
_KNOWN = frozenset(
    (
        *_REQUIRED,
        "time",
        "partitionkey",
        "correlationid",
        "causationid",
        "traceparent",
        "reply",
        "late",
    )
)


def to_headers(envelope: Envelope) -> dict[str, str]:
    """Returns the attributes as headers, all of them text."""
    headers = {
        "ce-specversion": "1.0",
        "ce-id": envelope.id,
        "ce-type": envelope.type,
        "ce-source": f"/{envelope.source}",
        "ce-time": as_datetime(envelope.time).isoformat().replace("+00:00", "Z"),
        "ce-correlationid": envelope.correlation,
        "traceparent": envelope.trace,
    }
    if envelope.key is not None:
        headers["ce-partitionkey"] = envelope.key
    if envelope.causation is not None:
        headers["ce-causationid"] = envelope.causation
    if envelope.reply:
        headers["ce-reply"] = "true"
    if envelope.late:
        headers["ce-late"] = "true"
    headers.update({f"{_PREFIX}{name}": value for name, value in envelope.extra.items()})
    return headers


def from_headers(headers: dict[str, str], body: bytes, *, now: int) -> Envelope:
    """Returns the envelope that headers and a body describe.

    Raises:
        Undecodable: an attribute that CloudEvents requires is missing, or one has no meaning.
    """
    found = {
        name.removeprefix(_PREFIX): value
        for name, value in headers.items()
        if name.startswith(_PREFIX)
    }
    missing = [name for name in _REQUIRED if not found.get(name)]
    if missing:
        raise Undecodable(
            "a message without " + " and ".join(f"ce-{name}" for name in missing),
            "CloudEvents 1.0 requires them, and nothing is made up",
            "set them where it is sent",
        )
    if len(found["id"]) > _LONGEST_ID:
        raise Undecodable(
            f"ce-id has {len(found['id'])} characters",
            f"an id has at most {_LONGEST_ID}",
            "shorten it where it is sent",
        )
    return Envelope(
        id=found["id"],
        type=found["type"],
        source=found["source"].removeprefix("/"),
        key=found.get("partitionkey"),
        time=_time(found.get("time"), now),
        correlation=found.get("correlationid") or found["id"],
        causation=found.get("causationid"),
        trace=_trace(headers.get("traceparent", "")),
        body=body,
        reply=found.get("reply") == "true",
        late=found.get("late") == "true",
        extra=MappingProxyType(
            {name: value for name, value in found.items() if name not in _KNOWN}
        ),
    )


def _trace(text: str) -> str:
    """Returns the trace context, or a new one if it is malformed, as its specification says."""
    return text if _TRACE.fullmatch(text) else new_trace()


def _time(text: str | None, now: int) -> int:
    if text is None:
        return now
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Undecodable(
            f"ce-time {text!r} is not RFC 3339", "", "set it where it is sent"
        ) from None
    if moment.tzinfo is None:
        raise Undecodable(f"ce-time {text!r} has no time zone", "", "set it where it is sent")
    return as_microseconds(moment)
