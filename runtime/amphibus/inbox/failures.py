"""From an exception to the failure that is kept: its reason, and texts without personal data."""

from typing import Final

from amphibus.contract import Message
from amphibus.errors import OwnerAway, RequestTimeout, Unavailable, Undecodable
from amphibus.messages.failure import Failure
from amphibus.policy.in_force import PolicyInForce
from amphibus.telemetry.privacy import describe, traceback_of

_AWAY: Final = (Unavailable, OwnerAway, RequestTimeout)


def failure_of(
    error: BaseException, message: Message | None, policy: PolicyInForce | None = None
) -> Failure:
    """Returns why an attempt failed. Somebody who is away spends no attempt of who needs him.

    A question that was not answered in time is `unanswered`: its owner may be starting again, or too slow.
    What the front page says is dead at once is `hopeless`.
    """
    reason, after = "failed", None
    if policy is not None and policy.dead and policy.says_dead(error, _AWAY):
        said = f"{describe(error, message)} (its front page says that it is dead at once)"
        return Failure("hopeless", said, traceback_of(error, message))
    if isinstance(error, Unavailable):
        reason, after = "unavailable", error.retry_after
    elif isinstance(error, OwnerAway):
        reason = "unavailable"
    elif isinstance(error, RequestTimeout):
        reason = "unanswered"
    elif isinstance(error, Undecodable):
        reason = "undecodable"
    return Failure(reason, describe(error, message), traceback_of(error, message), after)


def unrecordable(failure: Failure, error: BaseException) -> Failure:
    """Returns the failure of a message whose failure could not be recorded: the last resort, and final."""
    said = f"{failure.error} (recorded in a reduced form: {describe(error)})"
    return Failure("unrecordable", said, failure.traceback)
