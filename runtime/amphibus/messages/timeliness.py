"""The times at which a message may be sent: for as long as its receiver would know it again, and not in the future."""

from typing import Final

from amphibus.clock import DAY
from amphibus.messages.failure import Failure

_PARTS: Final = 30
"""One of so many parts of what a receiver remembers is left for clocks that are wrong: a day of 30."""


def clock_slack(window: int) -> int:
    """Returns what of the time for which a receiver remembers is left for clocks that are wrong."""
    return window // _PARTS


def timely_since(now: int, window: int) -> int:
    """Returns when a message must have been sent at the earliest to be known again for as long as `window`."""
    return now - window + clock_slack(window)


def untimely(sent: int, *, now: int, window: int, since: int) -> Failure | None:
    """Returns why a message must not be handled for the time at which it was sent, or None.

    Whoever repeats a message that its receiver has forgotten would have it done twice.

    Args:
        sent: what the message says, microseconds.
        now: the receiver's time.
        window: the time for which the receiver remembers what it has handled.
        since: the time since when it does: later than `timely_since` if it has remembered for a shorter time.
    """
    slack = clock_slack(window)  # one that is handled early is known for as long as one that is not
    if since <= sent <= now + slack:
        return None
    if sent > now:
        hours = (sent - now) / (DAY / 24)
        why = f"it says that it was sent {hours:.1f} hours from now: a clock is wrong, or somebody wants it repeated"
        return Failure("future", why)
    if timely_since(now, window) <= sent:
        return Failure(
            "stale",
            "it was sent while its receiver remembered for a shorter time (retention.inbox_retention_days was raised"
            " since): whether it was handled is not known any more",
        )
    return Failure(
        "stale",
        f"it was sent more than {(window - slack) / DAY:g} days ago (retention.inbox_retention_days, less a"
        f" {_PARTS}th): whether it was handled is not known any more",
    )
