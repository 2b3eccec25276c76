"""Envelopes as AMQP messages: CloudEvents headers, the native properties filled too, the payload as the body."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from aiormq.abc import DeliveredMessage

from amphibus.clock import as_datetime
from amphibus.messages.cloudevents import to_headers
from amphibus.messages.envelope import Envelope, Reply
from amphibus.messages.refused import refused_envelope
from amphibus.messages.replies import cleaned
from amphibus.transports.rabbitmq.frames import Properties
from amphibus.transports.rabbitmq.signatures.signing import NAMES, SIGNATURE, Signer

_LONGEST_SHORT = 255
_PERSISTENT = 2


@dataclass(frozen=True, slots=True)
class Arrival:
    """A delivery from a queue, whoever sent it."""

    body: bytes
    headers: dict[str, str]
    message_id: str
    type: str
    user: str
    correlation: str
    reply_to: str
    exchange: str
    key: str = ""
    """The routing key that it was published with."""
    persistent: bool = False


def of_delivery(message: DeliveredMessage) -> Arrival:
    """Makes an arrival of a delivery from aiormq."""
    properties = message.header.properties
    return Arrival(
        body=message.body,
        headers=_texts(properties.headers or {}),
        message_id=properties.message_id or "",
        type=properties.message_type or "",
        user=properties.user_id or "",
        correlation=properties.correlation_id or "",
        reply_to=properties.reply_to or "",
        exchange=message.exchange or "",
        key=message.routing_key or "",
        persistent=properties.delivery_mode == _PERSISTENT,
    )


def properties_of(
    envelope: Envelope,
    *,
    user: str,
    reply_to: str | None = None,
    correlation: str | None = None,
    signer: Signer | None = None,
) -> Properties:
    """Returns the properties and headers that carry an envelope, signed if there is a signer."""
    headers: dict[str, Any] = dict(to_headers(envelope))
    if signer is not None:
        signer.sign(envelope.source, headers, envelope.body)
    return Properties(
        content_type="application/json",
        headers=headers,
        delivery_mode=_PERSISTENT,
        message_id=_short_id(envelope.id),
        message_type=envelope.type,
        app_id=envelope.source,
        timestamp=as_datetime(envelope.time),
        user_id=user,
        reply_to=reply_to,
        correlation_id=correlation,
    )


def properties_of_reply(reply: Reply, *, correlation: str) -> Properties:
    """Returns the properties and headers that carry a reply, its texts cut and cleaned, as any header must be."""
    said = cleaned(reply)
    return Properties(
        content_type="application/json",
        headers={
            "ce-outcome": said.outcome,
            "ce-code": said.code,
            "ce-detail": said.detail,
        },
        message_type="reply",
        correlation_id=correlation,
    )


def reply_of(arrival: Arrival) -> Reply:
    """Returns the reply that a message carries, its texts cut and cleaned, whoever wrote them."""
    outcome, code, detail = (
        arrival.headers.get(f"ce-{each}", "") for each in ("outcome", "code", "detail")
    )
    return cleaned(Reply(outcome, arrival.body, code, detail))


def _short_id(identity: str) -> str:
    """Returns the id if it fits into a property, which has 255 bytes; its header holds the whole id."""
    fits = identity.isascii() or len(identity.encode()) <= _LONGEST_SHORT
    return identity if fits else hashlib.sha256(identity.encode()).hexdigest()


def without_signature(envelope: Envelope) -> Envelope:
    """Returns an envelope as it is kept: its signature has done its work."""
    if SIGNATURE not in envelope.extra:
        return envelope
    kept = {name: text for name, text in envelope.extra.items() if name not in NAMES}
    return replace(envelope, extra=MappingProxyType(kept))


def stranger(arrival: Arrival, *, now: int) -> Envelope:
    """Makes an envelope for a delivery that must not be taken at its word."""
    known = {"ce-type": arrival.type, "message-id": arrival.message_id}
    return refused_envelope(known | arrival.headers, arrival.body, sender=arrival.user, now=now)


def _texts(headers: Mapping[str, Any]) -> dict[str, str]:
    """Returns strangers' headers as text; leaves out tables and lists."""
    found: dict[str, str] = {}
    for name, value in headers.items():
        if isinstance(value, bytes | bytearray):
            found[name] = value.decode("utf-8", "replace")
        elif isinstance(value, str):
            found[name] = value
        elif isinstance(value, int | float):
            found[name] = str(value)
    return found
