"""Facts about for whom messages are, on every transport."""

from amphibus.testing.conformance.rights import *  # noqa: F403
