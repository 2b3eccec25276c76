"""One rule for lines that repeat: some are written, the others are counted, and the next one says how many.

An outage makes each message, request or second write the same line, often onto a disk that is full.
So of lines that differ in nothing but the message that they are about, a few are written in each
ten seconds. The metrics count every case; the databases know every message.
"""

import re
import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

_WINDOW_SECONDS: Final = 10.0
_WRITTEN: Final = 5
"""Lines of a kind in each window."""
_MOST_KINDS: Final = 1_000
_DIFFERS: Final = re.compile(r"[0-9a-f]{8,}|\d+", re.IGNORECASE)
_KIND: Final = ("event", "module", "message", "reason", "error", "route", "task", "logger", "text")
_TROUBLE: Final = frozenset(("warning", "error", "critical"))
_TEXT: Final = 200
"""Characters of a text by which two of them are told apart."""


@dataclass(slots=True)
class _Seen:
    since: float
    written: int = 0
    left_out: int = 0


class Repetitions:
    """A processor of structlog: lets through a few lines of each kind, and counts the others. One a process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, ...], _Seen] = {}

    def __call__(
        self,
        logger: Any,  # noqa: ARG002 - structlog's signature
        method: str,
        line: MutableMapping[str, Any],
    ) -> MutableMapping[str, Any]:
        """Passes a line on.

        Raises:
            DropEvent: it is one of many, and counted.
        """
        if line.get("level", method) not in _TROUBLE:
            return line
        now, kind = self._clock(), _kind(line)
        seen = self._seen.get(kind)
        if seen is None or now - seen.since >= _WINDOW_SECONDS:
            left_out = seen.left_out if seen is not None else 0
            seen = self._remember(kind, now)
            if left_out:
                line["left_out"] = left_out
        if seen.written >= _WRITTEN:
            seen.left_out += 1
            raise structlog.DropEvent
        seen.written += 1
        return line

    def _remember(self, kind: tuple[str, ...], now: float) -> _Seen:
        if len(self._seen) >= _MOST_KINDS:
            self._seen.clear()
        seen = self._seen[kind] = _Seen(now)
        return seen


def _kind(line: MutableMapping[str, Any]) -> tuple[str, ...]:
    return tuple(_DIFFERS.sub("#", str(line.get(name, ""))[:_TEXT]) for name in _KIND)
