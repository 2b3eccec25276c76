"""Facts about that nothing is lost, on every transport."""

from amphibus.testing.conformance.durability import *  # noqa: F403
