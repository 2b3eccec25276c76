"""A quota of a command with a route: so many in a time, and whoever asks for one more is refused."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from amphibus.policy.declared import Per
from amphibus.policy.rate import parse_rate

_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class Quota:
    """The most that the gateway takes: `Quota("5/h", per="customer.customer_id")`, in each of its processes.

    A business limit against abuse, where a `rate` of `on` only has messages wait.
    """

    rate: str
    """So many at once, and so many again within the time: `20/m`, `5/h`, `3/d`."""
    per: Per | None = None
    """A field of the message, such as `customer.customer_id`, or a function of it; without it, and where that is None,
    it counts for each who asks."""
    code: str = "too_many"
    """The code of the refusal, which is answered with 429."""


def problems_of_quota(quota: Quota) -> Iterator[str]:
    """Yields what is wrong with a quota by itself."""
    try:
        parse_rate(quota.rate)
    except (ValueError, AttributeError, TypeError):
        yield f"quota: rate={quota.rate!r} is no rate: write Quota('20/m'), '5/h' or '3/d'"
    if not _CODE.fullmatch(str(quota.code)):
        yield f"quota: code={quota.code!r} is no code: write it as too_many_orders"
    if quota.per is not None and not (isinstance(quota.per, str) or callable(quota.per)):
        yield f"quota: per={quota.per!r} is neither a field's name nor a function of the message"
