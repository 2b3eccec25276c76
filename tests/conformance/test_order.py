"""Facts about in which order messages are handled, on every transport."""

from amphibus.testing.conformance.order import *  # noqa: F403
