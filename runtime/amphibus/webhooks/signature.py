"""The signature of Standard Webhooks, version 1: HMAC-SHA256 over the id, the time and the body."""

import base64
import hashlib
import hmac
from collections.abc import Iterable


def signature_of(keys: Iterable[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """Returns the value of `webhook-signature`: one for each key, so that a receiver may know either."""
    return " ".join(_made(keys, message_id, timestamp, body))


def is_signed(
    keys: Iterable[bytes], message_id: str, timestamp: int, body: bytes, given: Iterable[str]
) -> bool:
    """Returns whether one of the signatures that were sent is by one of the keys. Takes as long whichever it is."""
    made = _made(keys, message_id, timestamp, body)
    sent = [each.encode("latin-1", "replace") for each in given]
    fits = [hmac.compare_digest(each, one.encode()) for one in made for each in sent]
    return any(fits)


def _made(keys: Iterable[bytes], message_id: str, timestamp: int, body: bytes) -> list[str]:
    signed = f"{message_id}.{timestamp}.".encode() + body
    made = (hmac.new(key, signed, hashlib.sha256).digest() for key in keys)
    return [f"v1,{base64.b64encode(each).decode()}" for each in made]
