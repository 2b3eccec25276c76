"""Identifiers: UUIDv7 for messages (RFC 9562) and W3C trace context for hops."""

import os
import time
import uuid
from collections.abc import Callable


def new_id() -> str:
    """Returns a UUIDv7: it starts with the time in milliseconds, so neighbours in time are neighbours in an index."""
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


_NAMESPACE = uuid.UUID("6f0f3b7c-7d0f-5d6e-9d5b-3c1f7f3f9c55")


def derived_id(*parts: str) -> str:
    """Returns the same id for the same parts, always: a UUIDv5 over all of them, each with its length."""
    return str(uuid.uuid5(_NAMESPACE, "".join(f"{len(part)}:{part}" for part in parts)))


def uuid_of(message_id: str) -> uuid.UUID:
    """Returns a message id as a UUID: itself if it is one, else a UUID derived from it, always the same."""
    try:
        return uuid.UUID(message_id)
    except ValueError:
        return uuid.UUID(derived_id(message_id))


sampled: Callable[[int], bool] | None = None
"""Says whether the spans of a new trace are wanted, where this process traces; else nobody wants them."""


def new_trace() -> str:
    """Returns a new W3C `traceparent`."""
    digits = os.urandom(24).hex()
    flags = "01" if sampled is not None and sampled(int(digits[:32], 16)) else "00"
    return f"00-{digits[:32]}-{digits[32:]}-{flags}"


def next_span(traceparent: str) -> str:
    """Returns the same trace and flags with a new span id: the parent of whatever this hop causes."""
    return f"{traceparent[:36]}{os.urandom(8).hex()}{traceparent[52:]}"
