"""The pause before a message is tried again."""

import random

from amphibus.clock import SECOND
from amphibus.policy.in_force import PolicyInForce


def backoff(policy: PolicyInForce, tries: int) -> int:
    """Microseconds until the next attempt: exponential, capped, spread by jitter."""
    seconds = min(policy.limit, policy.first * policy.factor ** min(tries, 64))
    spread = 1 + policy.jitter * (2 * random.random() - 1)
    return int(seconds * spread * SECOND)
