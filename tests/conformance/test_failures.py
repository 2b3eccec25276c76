"""Facts about what becomes of messages that fail, on every transport."""

from amphibus.testing.conformance.failures import *  # noqa: F403
