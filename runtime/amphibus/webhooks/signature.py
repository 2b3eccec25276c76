"""The signature of Standard Webhooks, version 1: HMAC-SHA256 over the id, the time and the body."""

import base64
import hashlib
import hmac
from collections.abc import Iterable


def signature_of(keys: Iterable[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """Returns the value of `webhook-signature`: one for each key, so that a receiver may know either."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    made = (hmac.new(key, signed, hashlib.sha256).digest() for key in keys)
    return " ".join(f"v1,{base64.b64encode(each).decode()}" for each in made)
