"""The pause before a message is tried again."""

import random

from amphibus.clock import SECOND
from amphibus.config.settings import BusSettings


def backoff(settings: BusSettings, tries: int) -> int:
    """Microseconds until the next attempt: exponential, capped, spread by jitter."""
    seconds = min(
        settings.retry_limit_seconds,
        settings.retry_first_seconds * settings.retry_factor ** min(tries, 64),
    )
    spread = 1 + settings.retry_jitter * (2 * random.random() - 1)
    return int(seconds * spread * SECOND)
