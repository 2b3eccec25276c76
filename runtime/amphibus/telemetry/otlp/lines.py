"""The log lines of a process as OpenTelemetry has them: what is personal was masked before they come here."""

import re
import time
from collections.abc import Mapping
from typing import Any, Final

from opentelemetry import trace as api
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider

_SEVERITIES: Final = {
    "debug": SeverityNumber.DEBUG,
    "info": SeverityNumber.INFO,
    "warning": SeverityNumber.WARN,
    "error": SeverityNumber.ERROR,
    "critical": SeverityNumber.FATAL,
}
_TRACE: Final = re.compile(r"(?!0{32})[0-9a-f]{32}")
_OURS: Final = frozenset(("event", "level", "time", "trace"))
_EXPORTER: Final = "opentelemetry"
"""The beginning of the names of its loggers: what they say of a collector that is away is not sent to it."""


class ExportedLines:
    """Hands each line to the exporter, which sends some at a time."""

    def __init__(self, provider: LoggerProvider) -> None:
        self._logger = provider.get_logger("amphibus")

    def __call__(self, line: Mapping[str, Any]) -> None:
        """Takes a line."""
        if str(line.get("logger", "")).startswith(_EXPORTER):
            return
        level = str(line.get("level", "info"))
        self._logger.emit(
            LogRecord(
                timestamp=time.time_ns(),
                context=_context(str(line.get("trace", ""))),
                severity_text=level.upper(),
                severity_number=_SEVERITIES.get(level, SeverityNumber.INFO),
                body=str(line.get("event", "")),
                attributes={name: _plain(each) for name, each in line.items() if name not in _OURS},
            )
        )


def _context(trace: str) -> Any:
    number = int(trace, 16) if _TRACE.fullmatch(trace) else 0
    known = api.SpanContext(number, 0, is_remote=True)
    return api.set_span_in_context(api.NonRecordingSpan(known))


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | float | str):
        return value
    return [str(each) for each in value] if isinstance(value, list) else str(value)
