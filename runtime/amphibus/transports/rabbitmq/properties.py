"""Envelopes as AMQP messages: CloudEvents headers, the native properties filled too, the payload as the body."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aio_pika.abc import AbstractIncomingMessage
from aiormq.abc import DeliveredMessage

from amphibus.clock import as_datetime
from amphibus.contract.texts import one_line, storable
from amphibus.messages.cloudevents import LONGEST_DETAIL, to_headers
from amphibus.messages.envelope import Envelope, Reply
from amphibus.messages.ids import new_trace
from amphibus.transports.rabbitmq.frames import Properties

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


def of_incoming(message: AbstractIncomingMessage) -> Arrival:
    """Makes an arrival of a delivery from FastStream."""
    return Arrival(
        body=message.body,
        headers=_texts(message.headers),
        message_id=message.message_id or "",
        type=message.type or "",
        user=message.user_id or "",
        correlation=message.correlation_id or "",
        reply_to=message.reply_to or "",
        exchange=message.exchange or "",
        key=message.routing_key or "",
        persistent=message.delivery_mode == _PERSISTENT,
    )


def properties_of(
    envelope: Envelope, *, user: str, reply_to: str | None = None, correlation: str | None = None
) -> Properties:
    """Returns the properties and headers that carry an envelope."""
    return Properties(
        content_type="application/json",
        headers=dict(to_headers(envelope)),
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
    return Properties(
        content_type="application/json",
        headers={
            "ce-outcome": reply.outcome,
            "ce-code": storable(reply.code, _LONGEST_SHORT),
            "ce-detail": storable(reply.detail, LONGEST_DETAIL),
        },
        message_type="reply",
        correlation_id=correlation,
    )


def reply_of(arrival: Arrival) -> Reply:
    """Returns the reply that a message carries; one without an outcome is a failure."""
    headers = arrival.headers
    return Reply(
        headers.get("ce-outcome", "failed"),
        arrival.body,
        headers.get("ce-code", ""),
        headers.get("ce-detail", ""),
    )


def _short_id(identity: str) -> str:
    """Returns the id if it fits into a property, which has 255 bytes; its header holds the whole id."""
    fits = identity.isascii() or len(identity.encode()) <= _LONGEST_SHORT
    return identity if fits else hashlib.sha256(identity.encode()).hexdigest()


def stranger(arrival: Arrival, *, now: int) -> Envelope:
    """Makes an envelope for a message that must not be taken at its word.

    Its identity comes from its bytes: delivered again, it is the same. It has no key, so it waits
    behind nothing and nothing waits behind it.
    """
    digest = hashlib.sha256(arrival.body)
    for name, value in sorted(arrival.headers.items()):
        digest.update(f"\0{name}\0{value}".encode())
    digest.update(f"\0{arrival.message_id}\0{arrival.user}".encode())
    identity = digest.hexdigest()
    return Envelope(
        id=identity,
        type=one_line((arrival.headers.get("ce-type") or arrival.type or "unknown")[:255]),
        source=one_line(f"unknown:{arrival.user}"[:128]),
        key=None,
        time=now,
        correlation=identity,
        causation=None,
        trace=new_trace(),
        body=arrival.body,
    )


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
