"""Facts about messages from another time, on every transport."""

from amphibus.testing.conformance.timely import *  # noqa: F403
