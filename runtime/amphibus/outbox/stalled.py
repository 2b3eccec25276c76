"""Tells of routes on which a message that left does not become safe, whatever the cause.

Where the broker is away or a handler is slow, somebody else tells why. Here nobody needs to know why.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

import structlog

from amphibus.outbox.delivery_queue import DeliveryQueue

_log: Any = structlog.get_logger()
STALLED_SECONDS: Final = 30.0
"""Longer than a broker, a handler or a takeover needs where all is well."""

Tell = Callable[[str], None]
"""Called with the reason why messages wait, or with nothing once none does."""


class StalledRoutes:
    """The routes of one sender on which a message has been under way for too long."""

    def __init__(self, module: str, tell: Tell, *, after_seconds: float = STALLED_SECONDS) -> None:
        self._module = module
        self._tell = tell
        self._after = after_seconds
        self._since: dict[str, float] = {}
        """When the message left that holds up a route."""

    def look(self, queues: Iterable[DeliveryQueue], now: float) -> None:
        """Logs what stands still since the last look, and what goes on; tells the reason as long as there is one."""
        reasons = []
        for queue in queues:
            since = queue.under_way_since
            if since is not None and now - since >= self._after:
                self._stalls(queue, since, now)
                reasons.append(f"{queue.depth} for {queue.route} ({now - since:.0f} s)")
            elif queue.route in self._since:
                seconds = round(now - self._since.pop(queue.route), 3)
                _log.info(
                    "relay.resumed", destination=queue.route, seconds=seconds, depth=queue.depth
                )
        self._tell(f"messages of {self._module} wait: {', '.join(reasons)}" if reasons else "")

    def _stalls(self, queue: DeliveryQueue, since: float, now: float) -> None:
        if queue.route not in self._since:
            self._since[queue.route] = since
            error = f"the oldest message left {now - since:.0f} s ago and is not safe there yet"
            _log.warning("relay.stalled", destination=queue.route, depth=queue.depth, error=error)
