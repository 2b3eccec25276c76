"""The check of what is posted: signed by a secret of ours, a moment ago. As Standard Webhooks have it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from amphibus.clock import SECOND
from amphibus.gateway.exchanges import HttpExchange
from amphibus.gateway.problems import UNAUTHORIZED, Problem
from amphibus.webhooks.signature import is_signed

_ID: Final = re.compile(rb"[\x21-\x7e]{1,255}")
_SECONDS: Final = re.compile(rb"[0-9]{1,12}")
_CHALLENGE: Final = ((b"www-authenticate", b"StandardWebhooks"),)
_MOST_SIGNATURES: Final = 16
"""A sender signs with one key, or two while they change; more would only make us compute."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The head of one post: its id, and when it was sent, in seconds since the epoch."""

    id: str
    timestamp: int


def delivery_of(exchange: HttpExchange, *, now: int, tolerance_seconds: float) -> Delivery:
    """Reads the head of a post, before anything is computed.

    Args:
        exchange: the request.
        now: microseconds since the epoch.
        tolerance_seconds: the most that the two clocks, and the way, may make of a difference.

    Raises:
        Problem: the head is not whole, or it is too old, or from the future: it may have been recorded and repeated.
    """
    given = _only(exchange, b"webhook-id", _ID)
    timestamp = int(_only(exchange, b"webhook-timestamp", _SECONDS))
    if abs(now // SECOND - timestamp) > tolerance_seconds:
        raise refused(f"webhook-timestamp is more than {tolerance_seconds:g} s off our clock")
    return Delivery(given, timestamp)


def check_signature(
    exchange: HttpExchange, keys: Sequence[bytes], delivery: Delivery, body: bytes
) -> None:
    """Checks that one of the signatures of a post is by one of the keys.

    Raises:
        Problem: none is.
    """
    sent = exchange.sent(b"webhook-signature")
    given = b" ".join(sent).decode("latin-1").split(" ")
    if len(given) > _MOST_SIGNATURES or not is_signed(
        keys, delivery.id, delivery.timestamp, body, given
    ):
        raise refused("no webhook-signature of it is by a secret of this webhook")


def refused(detail: str) -> Problem:
    """The answer to whoever does not show that it is the sender."""
    return Problem(UNAUTHORIZED, detail, headers=_CHALLENGE)


def _only(exchange: HttpExchange, name: bytes, form: re.Pattern[bytes]) -> str:
    sent = exchange.sent(name)
    if len(sent) != 1 or form.fullmatch(sent[0]) is None:
        raise refused(f"{name.decode()} must be sent once, as Standard Webhooks have it")
    return sent[0].decode("ascii")
