"""Notices that routes were missing at the broker, so that messages may have strayed.

An exchange that somebody took away is bound to one queue after the other when it is made again. What is published
meanwhile is confirmed as soon as one receiver of several has it; the others would never hear of it.
"""

from collections.abc import Callable
from typing import Any, Final

import structlog
from aiormq.exceptions import ChannelNotFoundEntity

_log: Any = structlog.get_logger()
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 8.0


class Strays:
    """Those of one destination.

    Args:
        tell: called when the receivers should be asked what has arrived.
    """

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell: Final = tell
        self._unroutable: set[str] = set()
        """Exchanges of which a message came back, as no queue takes it."""
        self._looks_at = self._returned = float("-inf")
        self._pause = _FIRST_PAUSE

    def look_is_due(self, now: float) -> bool:
        """Returns whether to look now for what is missing: at once, and later each time that it did not help.

        To declare everything again is hundreds of questions to the broker, and each destination asks them.
        """
        if not self._unroutable or now < self._looks_at:
            return False
        self._looks_at, self._pause = now + self._pause, min(self._pause * 2, _LONGEST_PAUSE)
        return True

    def returned(self, exchange: str, key: str, now: float) -> None:
        """Notes that nobody takes a message."""
        if now - self._returned > _LONGEST_PAUSE:
            # All was well, though others of the exchange had routes.
            self._looks_at, self._pause = now, _FIRST_PAUSE
        self._returned = now
        if exchange not in self._unroutable:
            self._unroutable.add(exchange)
            _log.warning("broker.returned", queue=f"{exchange} {key}")

    def confirmed(self, exchange: str) -> None:
        """Notes that somebody takes a message: there are routes again, to all or to some."""
        if exchange in self._unroutable:
            self._unroutable.discard(exchange)
            self._tell()

    def refused(self, error: BaseException) -> None:
        """Notes why a channel was closed: an exchange that was not there is made again by whoever is first."""
        if isinstance(error, ChannelNotFoundEntity):
            self._tell()
