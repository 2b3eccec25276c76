"""Notices that routes were missing at the broker, so that messages may have strayed.

An exchange that somebody took away is bound to one queue after the other when it is made again. What is published
meanwhile is confirmed as soon as one receiver of several has it; the others would never hear of it.
"""

from collections.abc import Callable
from typing import Any, Final

import structlog
from aiormq.exceptions import ChannelNotFoundEntity

_log: Any = structlog.get_logger()


class Strays:
    """Those of one destination.

    Args:
        tell: called when the receivers should be asked what has arrived.
    """

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell: Final = tell
        self._unroutable: set[str] = set()
        """Exchanges of which a message came back, as no queue takes it."""

    def __bool__(self) -> bool:
        return bool(self._unroutable)

    def returned(self, exchange: str, key: str) -> None:
        """Notes that nobody takes a message."""
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
