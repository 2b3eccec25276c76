"""The outcomes of an attempt: one value each, decided inside the transaction and never changed.

What follows from each is done in two places: `recorder` writes it with the transaction, and the
receiver goes on from it after the commit: at once again, later, or with the next of the key.
"""

import json
from dataclasses import dataclass
from typing import ClassVar, Final

from amphibus.database.steering.pauses import PAUSED
from amphibus.inbox.attempt import Attempt, Origin
from amphibus.inbox.backoff import backoff
from amphibus.messages.envelope import Reply
from amphibus.messages.failure import Failure
from amphibus.policy.in_force import PolicyInForce

_FINAL: Final = frozenset(
    (
        "undecodable",
        "crashed",
        "oversized",
        "forged",
        "stale",
        "future",
        "undelivered",
        "unrecordable",
        "hopeless",
    )
)
"""Reasons for which trying again is useless."""
_SECOND: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Handled:
    """The handler's effects are kept."""

    reply: Reply
    due: int | None
    """The earliest time for which the handler set a timer or sent a command, microseconds."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A refusal by the owner for a business reason: an answer, remembered like any other."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class Repeated:
    """A message that was handled before: nothing is changed, and its sender gets the same reply again."""

    reply: Reply
    conflicting: bool
    """Its body is not the one that was handled under this id."""


@dataclass(frozen=True, slots=True)
class RetryNow:
    """A failure: the message is tried again at once, in its place."""

    failure: Failure
    failures: int
    reply: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class CallNeeded:
    """Its external call was left out and is needed after all: it is made, and the attempt begins anew."""

    reply: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class Delayed:
    """A failure: the message waits for a later attempt (a delayed retry)."""

    failure: Failure
    failures: int
    pause: int
    """Microseconds until then."""
    reply: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class Held:
    """A message of a type that is paused, or that has no turn yet: it waits, and no attempt is spent."""

    until: int | None
    """The end of the pause, microseconds since the epoch, if it has one."""
    why: str = PAUSED
    reply: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class Behind:
    """A message that waits behind another one of its key, and is not tried before that one is done with."""

    reply: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class Dead:
    """A dead letter: the message has used up its attempts, or trying again is useless (a poison message)."""

    failure: Failure
    failures: int
    blocks: bool
    """Later messages of its key wait for an operator."""
    reply: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A request failed; nobody keeps it, so its sender is told at once."""

    reply: Reply
    failure: Failure | None = None
    """None where its handler was not tried."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A delayed message or a timer that another instance, or the process, has settled meanwhile."""

    settled: bool
    """A delayed row is left that nobody needs any more."""
    reply: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class Lost:
    """Its partition went to another instance: nothing was done here."""

    reply: ClassVar[None] = None


Outcome = (
    Handled
    | Rejected
    | Repeated
    | RetryNow
    | CallNeeded
    | Delayed
    | Held
    | Behind
    | Dead
    | Unanswered
    | Gone
    | Lost
)


def after_failure(
    attempt: Attempt, failure: Failure, policy: PolicyInForce
) -> RetryNow | Delayed | Dead | Unanswered:
    """Decides what follows from a failure: again at once, later, never, or an error to who asked."""
    final = failure.reason in _FINAL
    # Who does not answer may be starting again; who never does is too slow, which is a failure in the end.
    patient = attempt.tries < policy.attempts
    away = failure.reason == "unavailable" or (failure.reason == "unanswered" and patient)
    failures = attempt.spent + (not away)
    if not (final or away) and _has_quick_retry(attempt, failures, policy):
        return RetryNow(failure, failures)
    if attempt.origin is Origin.REQUEST:
        return Unanswered(Reply("unavailable" if away else "failed", detail=failure.error), failure)
    if final or failures >= policy.attempts:
        return Dead(failure, failures, _blocks(attempt, failure, policy))
    if failure.retry_after:
        return Delayed(failure, failures, int(failure.retry_after * _SECOND))
    return Delayed(failure, failures, backoff(policy, attempt.tries))


def _has_quick_retry(attempt: Attempt, failures: int, policy: PolicyInForce) -> bool:
    first_arrival = attempt.origin in (Origin.DELIVERY, Origin.REQUEST)
    return first_arrival and failures <= min(policy.quick, policy.attempts - 1)


def _blocks(attempt: Attempt, failure: Failure, policy: PolicyInForce) -> bool:
    """Returns whether later messages of the key wait. A forged one stops nobody: that would be its sender's aim."""
    return (
        attempt.prepared.entry is not None
        and policy.on_dead == "block"
        and failure.reason != "forged"
    )


def repeated(outcome: str, answer: bytes | None, *, conflicting: bool) -> Repeated:
    """Returns the outcome of a message that has one already, by what is remembered of it."""
    return Repeated(_reply_again(outcome, answer), conflicting)


def _reply_again(outcome: str, answer: bytes | None) -> Reply:
    match outcome:
        case "refused":
            kept = json.loads(answer or b"{}")
            return Reply("refused", code=kept.get("code", ""), detail=kept.get("detail", ""))
        case "dead":
            return Reply("failed", detail="it is among the dead letters")
        case "discarded":
            return Reply("failed", detail="it was a dead letter, and an operator gave it up")
        case _:
            return Reply("answered", answer or b"")
