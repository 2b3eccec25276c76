"""Every fact about a transport, for `from amphibus.testing.conformance.suite import *`."""

from amphibus.testing.conformance.durability import *  # noqa: F403
from amphibus.testing.conformance.failures import *  # noqa: F403
from amphibus.testing.conformance.later import *  # noqa: F403
from amphibus.testing.conformance.limits import *  # noqa: F403
from amphibus.testing.conformance.once import *  # noqa: F403
from amphibus.testing.conformance.order import *  # noqa: F403
from amphibus.testing.conformance.requests import *  # noqa: F403
from amphibus.testing.conformance.rights import *  # noqa: F403
from amphibus.testing.conformance.stopping import *  # noqa: F403
from amphibus.testing.conformance.timely import *  # noqa: F403
