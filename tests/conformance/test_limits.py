"""Facts about types of messages that are limited, on every transport."""

from amphibus.testing.conformance.limits import *  # noqa: F403
