"""Tells what blocks the loop of a process: in the log, as a metric, and to whoever asks `/readyz` afterwards."""

import asyncio
from typing import Any, Final

import structlog

from amphibus.telemetry.health import Health
from amphibus.telemetry.loop_watchdog import Blocked, LoopWatchdog
from amphibus.telemetry.metrics import Meters
from amphibus.unit_of_work.crash_journal import CrashJournal, Identity

_log: Any = structlog.get_logger()
_REMEMBERED_SECONDS: Final = 60.0
_NAME: Final = "loop"


class BlockedLoop:
    """Watches the loop on which it is started. Lives as long as its process serves."""

    def __init__(
        self, limit_seconds: float, *, health: Health, meters: Meters, journal: CrashJournal
    ) -> None:
        self._health = health
        self._meters = meters
        self._journal = journal
        self._watchdog = LoopWatchdog(limit_seconds, self._told) if limit_seconds else None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._who: Identity | None = None
        self._forget: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begins to watch, unless the limit is 0."""
        self._loop = asyncio.get_running_loop()
        if self._watchdog is not None:
            self._watchdog.start()
            self._meters.loop_lag.set_function(self._watchdog.lag)

    def stop(self) -> None:
        """Ends. Twice is once."""
        if self._watchdog is not None:
            self._watchdog.stop()
        if self._forget is not None:
            self._forget.cancel()

    def _told(self, blocked: Blocked) -> None:
        """Called from the watchdog's thread: once when it begins, once when it is over."""
        seconds = round(blocked.seconds, 3)
        if blocked.over:
            _log.warning("process.unblocked", seconds=seconds, frame=blocked.frame)
            assert self._loop is not None
            self._loop.call_soon_threadsafe(self._over, blocked)
            return
        self._who = self._journal.now
        about = {} if self._who is None else {"module": self._who[0], "message_id": self._who[2]}
        _log.error(
            "process.blocked", seconds=seconds, frame=blocked.frame, stack=blocked.stack, **about
        )

    def _over(self, blocked: Blocked) -> None:
        self._meters.loop_blocked(blocked.seconds)
        message = f" for message {self._who[2]} of {self._who[0]}" if self._who else ""
        why = f"{blocked.frame} blocked the process for {blocked.seconds:.1f} s{message}"
        self._health.degrade(_NAME, why)
        if self._forget is not None:
            self._forget.cancel()
        loop = asyncio.get_running_loop()
        self._forget = loop.call_later(_REMEMBERED_SECONDS, self._health.degrade, _NAME, "")
