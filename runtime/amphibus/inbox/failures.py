"""From an exception to the failure that is kept: its reason, and texts without personal data."""

from amphibus.contract import Message
from amphibus.errors import OwnerAway, RequestTimeout, Unavailable, Undecodable
from amphibus.messages.failure import Failure
from amphibus.telemetry.privacy import describe, traceback_of


def failure_of(error: BaseException, message: Message | None) -> Failure:
    """Returns why an attempt failed. Somebody who is away spends no attempt of who needs him.

    A question that was not answered in time is `unanswered`: its owner may be starting again, or too slow.
    """
    reason, after = "failed", None
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
