"""The wire format: CloudEvents 1.0 in binary mode, attributes as `ce-` headers, the payload as the body."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from amphibus.clock import as_datetime, as_microseconds
from amphibus.contract.moments import moment_of
from amphibus.contract.texts import LONGEST_KEY, one_line, wrong_in
from amphibus.errors import Undecodable
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_trace

_PREFIX = "ce-"
LONGEST_ID: Final = 128
LONGEST: Final[Mapping[str, int]] = {
    "id": LONGEST_ID,
    "type": 255,
    "source": 129,
    "partitionkey": LONGEST_KEY,
    "correlationid": 255,
    "causationid": 255,
}
LONGEST_EXTRA: Final = 1_024
LONGEST_DETAIL: Final = 4_000
"""Of the header of a reply that tells why it ended so."""
_MOST_EXTRAS: Final = 64
_EXTRA: Final = re.compile(r"[a-z0-9_-]{1,64}")
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
TRACE: Final = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
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
    _check(found)
    return Envelope(
        id=found["id"],
        type=found["type"],
        source=found["source"].removeprefix("/"),
        key=_key(found.get("partitionkey")),
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


def _check(found: dict[str, str]) -> None:
    """Looks at every attribute before any of them is believed, stored or told on."""
    for name, value in found.items():
        why = wrong_in(value, LONGEST.get(name, LONGEST_EXTRA)) if value else None
        if name not in _KNOWN and not _EXTRA.fullmatch(name):
            why = "has a name that is none of 1 to 64 small letters and digits"
        if why is not None:
            raise _wrong(_PREFIX + name[:64], why)
    if len(found) > len(_KNOWN) + _MOST_EXTRAS:
        raise _wrong("the message", f"has {len(found)} attributes, and may have {_MOST_EXTRAS}")


def _wrong(what: str, why: str) -> Undecodable:
    return Undecodable(f"{one_line(what)} {why}", "", "mend it where it is sent")


def _key(key: str | None) -> str | None:
    """The key; a UUID as everybody writes it, so that capitals are not another key."""
    return key.lower() if key is not None and _UUID.fullmatch(key) else key


def _trace(text: str) -> str:
    """Returns the trace context, or a new one if it is malformed, as its specification says."""
    return text if TRACE.fullmatch(text) else new_trace()


def _time(text: str | None, now: int) -> int:
    if text is None:
        return now
    try:
        return as_microseconds(moment_of(text))
    except ValueError as error:
        raise _wrong(f"ce-time {text[:64]!r}", str(error)) from None
