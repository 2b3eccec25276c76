"""The times at which a message may be sent: for as long as its receiver would know it again, and not in the future."""

from typing import Final

from amphibus.clock import DAY
from amphibus.messages.failure import Failure

_SKEW: Final = 3_600_000_000
"""Microseconds by which the clocks of senders and receivers may differ."""


def untimely(sent: int, *, now: int, window: int) -> Failure | None:
    """Returns why a message must not be handled for the time at which it was sent, or None.

    Whoever repeats a message that its receiver has forgotten would have it done twice.

    Args:
        sent: what the message says, microseconds.
        now: the receiver's time.
        window: the time for which the receiver remembers what it has handled.
    """
    if now - window <= sent <= now + _SKEW:
        return None
    if sent > now:
        hours = (sent - now) / (DAY / 24)
        why = f"it says that it was sent {hours:.1f} hours from now: a clock is wrong, or somebody wants it repeated"
        return Failure("future", why)
    return Failure(
        "stale",
        f"it was sent more than {window / DAY:g} days ago (retention.inbox_retention_days):"
        " whether it was handled is not known any more",
    )
