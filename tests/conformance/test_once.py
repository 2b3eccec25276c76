"""Facts about that each is handled once, on every transport."""

from amphibus.testing.conformance.once import *  # noqa: F403
