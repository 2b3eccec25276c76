"""A message on its way through a module, and what an attempt to handle it came to."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from amphibus.contract import Message
from amphibus.errors import Unavailable, Undecodable
from amphibus.inbox.timers import PREFIX
from amphibus.messages.envelope import Envelope, Reply
from amphibus.messages.failure import Failure
from amphibus.partitions.assignment import LeaseToken
from amphibus.routing.codec import CodecEntry
from amphibus.telemetry.privacy import describe, traceback_of


class Origin(Enum):
    """Where a message comes from when it is attempted."""

    DELIVERY = "delivery"
    DELAYED = "delayed"
    TIMER = "timer"
    REQUEST = "request"


class Outcome(Enum):
    """What an attempt came to, once it is durable."""

    HANDLED = "handled"
    REFUSED = "refused"
    REPEATED = "repeated"
    RETRY = "retry"
    DELAYED = "delayed"
    BEHIND = "behind"
    DEAD = "dead"
    GONE = "gone"
    AGAIN = "again"
    """Its outside step was left out, and is needed after all: nothing was done."""
    LOST = "lost"
    """Its partition went to another instance: nothing was done."""
    FAILED = "failed"


@dataclass(slots=True)
class Attempt:
    """A message on its way through the receiver. Lives until it is safe here."""

    envelope: Envelope
    origin: Origin
    received: int
    ack: Callable[[], None]
    """Called when the message needs no other keeper: handled, delayed or dead, durably."""
    spent: int = 0
    """Attempts that failed before this one."""
    tries: int = 0
    seq: int = 0
    """Of a delayed message, its row."""
    entry: CodecEntry | None = None
    message: Message | None = None
    outside: Any = None
    call_skipped: bool = False
    """The outside step was left out: it seemed that the handler would not run."""
    lease_token: LeaseToken | None = None
    """What it was taken under; it counts only as long as that holds."""
    given_up: Failure | None = None
    """Set when the attempt failed before its transaction, or with it: it is only recorded."""
    began: float = field(default_factory=time.perf_counter)
    # What this run came to; set anew by each, since a batch that is rolled back runs again.
    failed: Failure | None = None
    failures: int = 0
    reply: Reply | None = None
    wakes_at: int | None = None
    """When something of this module is due because of this run, microseconds."""

    @property
    def arrived(self) -> Envelope | None:
        """The message, if it came from elsewhere: it may have been handled before, or have to wait its turn."""
        return self.envelope if self.origin in (Origin.DELIVERY, Origin.REQUEST) else None

    @property
    def of_timer(self) -> bool:
        """Whether it is a deadline of a process, and no message that was sent."""
        return self.envelope.type.startswith(PREFIX)


def failure_of(error: BaseException, message: Message | None) -> Failure:
    """Why an attempt failed, without personal data."""
    reason, after = "failed", None
    if isinstance(error, Unavailable):
        reason, after = "unavailable", error.retry_after
    elif isinstance(error, Undecodable):
        reason = "undecodable"
    said = describe(error, message)
    if isinstance(error, Undecodable) and error.fix:
        said = f"{said}; {error.fix}"
    return Failure(reason, said, traceback_of(error, message), after)


def reply_again(outcome: str, answer: bytes | None) -> Reply:
    """The reply that a message got when it was handled."""
    if outcome == "refused":
        kept = json.loads(answer or b"{}")
        return Reply("refused", code=kept.get("code", ""), detail=kept.get("detail", ""))
    if outcome == "dead":
        return Reply("failed", detail="it is among the dead letters")
    return Reply("answered", answer or b"")
