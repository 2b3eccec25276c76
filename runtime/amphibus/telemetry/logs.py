"""Log lines: coloured on a terminal, JSON elsewhere; each names the work it is about, none holds a payload.

    log = structlog.get_logger()
    with about("payments", envelope):
        log.info("message.handled", seconds=0.004)

`catalogue.py` lists the names and fields of the runtime's lines. Lines of business modules may have
names of their own; their fields are masked as far as they can be known.
"""

import functools
import logging
import sys
from collections.abc import Callable, Mapping, MutableMapping
from contextvars import ContextVar, Token
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Literal, Protocol, TextIO, cast

import structlog
from pydantic import BaseModel

from amphibus.contract import Message
from amphibus.telemetry.catalogue import CONTEXT, EVENTS
from amphibus.telemetry.log_levels import LevelledLogger, levels
from amphibus.telemetry.log_stream import LogStream
from amphibus.telemetry.privacy import describe, safe, scrub, traceback_of
from amphibus.telemetry.recent_lines import RecentLines
from amphibus.telemetry.repetitions import Repetitions

Format = Literal["auto", "text", "json"]
Line = MutableMapping[str, Any]

_OURS: Final = frozenset((*CONTEXT, "event", "level", "time", "exception", "left_out"))


class Subject(Protocol):
    """The subject of a line: an envelope, or anything with the same attributes."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def type(self) -> str: ...  # noqa: D102
    @property
    def correlation(self) -> str: ...  # noqa: D102
    @property
    def causation(self) -> str | None: ...  # noqa: D102
    @property
    def trace(self) -> str: ...  # noqa: D102
    @property
    def decoded(self) -> list[Message]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Request:
    """The subject of lines about a message that came over HTTP."""

    id: str
    type: str
    trace: str
    decoded: list[Message]
    causation: str | None = None

    @property
    def correlation(self) -> str:
        """A flow that begins here is named after its first message."""
        return self.id


_CURRENT: ContextVar[tuple[str, Subject] | None] = ContextVar("amphibus_about", default=None)


class about:  # noqa: N801 - reads as the word it is
    """Marks the lines written inside `with about(module, envelope):` with their subject.

    Lines of tasks started inside are marked too.
    """

    __slots__ = ("_now", "_token")

    def __init__(self, module: str, subject: Subject) -> None:
        self._now = (module, subject)

    def __enter__(self) -> None:
        self._token: Token[tuple[str, Subject] | None] = _CURRENT.set(self._now)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _CURRENT.reset(self._token)


def set_up(
    log_format: Format = "auto",
    level: str = "info",
    stream: TextIO | None = None,
    environ: Mapping[str, str] | None = None,
    by_module: Mapping[str, str] | None = None,
) -> RecentLines:
    """Configures the logging of the process; called once, before anything runs.

    Lines below `level` cost next to nothing.

    Args:
        log_format: `auto` is text on a terminal and JSON elsewhere.
        level: debug, info, warning, error or critical.
        stream: the target; default standard error, since standard output belongs to the commands.
        environ: where `NO_COLOR` is looked up.
        by_module: levels of single modules.
    """
    to = stream or sys.stderr
    text = log_format == "text" or (log_format == "auto" and to.isatty())
    coloured = to.isatty() and not (environ or {}).get("NO_COLOR")
    lines = LogStream(to)
    processors: list[Any] = [
        structlog.processors.add_log_level,
        _add_context,
        levels.drop,
        Repetitions(),
        functools.partial(_add_left_out, lines),
        _show_exception,
        _keep_private,
        _add_time,
        recent := RecentLines(),
        _text_renderer(coloured) if text else _json_renderer(),
    ]
    structlog.configure(
        processors=processors,
        wrapper_class=LevelledLogger,
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, lines)),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_Libraries()], force=True)
    levels.change(level, by_module or {})
    logging.captureWarnings(capture=True)
    return recent


def _add_context(logger: Any, method: str, line: Line) -> Line:  # noqa: ARG001 - structlog's signature
    current = _CURRENT.get()
    if current is not None:
        module, subject = current
        line.setdefault("module", module)
        line.setdefault("message", subject.type)
        line.setdefault("message_id", subject.id)
        line.setdefault("correlation", subject.correlation)
        if subject.causation is not None:
            line.setdefault("causation", subject.causation)
        line.setdefault("trace", subject.trace[3:35])
    return line


def _add_left_out(lines: LogStream, logger: Any, method: str, line: Line) -> Line:  # noqa: ARG001
    if lines.left_out:
        line["left_out"] = line.get("left_out", 0) + lines.left_out
    return line


def _show_exception(logger: Any, method: str, line: Line) -> Line:  # noqa: ARG001
    given = line.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        line["exception"] = traceback_of(error, _message())
    return line


def _keep_private(logger: Any, method: str, line: Line) -> Line:  # noqa: ARG001
    known = EVENTS.get(line["event"])
    if known is not None:
        for name in [name for name in line if name not in _OURS and name not in known.fields]:
            del line[name]
    message = _message()
    for name, value in line.items():
        if name not in _OURS or name in ("event", "message"):
            line[name] = _shown(value, message)
    return line


def _shown(value: Any, message: BaseModel | None) -> Any:
    if isinstance(value, bool | int | float) or value is None:
        return value
    if isinstance(value, BaseModel):
        return safe(value)
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, Mapping):
        return {scrub(str(name), message): _shown(each, message) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_shown(each, message) for each in value]
    shown = describe(value, message) if isinstance(value, BaseException) else str(value)
    return scrub(shown, message)


def _message() -> BaseModel | None:
    current = _CURRENT.get()
    return current[1].decoded[0] if current is not None and current[1].decoded else None


def _add_time(logger: Any, method: str, line: Line) -> Line:  # noqa: ARG001
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {"time": now.replace("+00:00", "Z"), **line}


def _json_renderer() -> Any:
    return structlog.processors.JSONRenderer(ensure_ascii=False, default=str)


def text_renderer(*, coloured: bool) -> Callable[[Line], str]:
    """Returns a renderer that shows JSON lines of other processes as our own on a terminal."""
    render = _text_renderer(coloured)
    return lambda line: str(render(None, "", line))


def _text_renderer(coloured: bool) -> Any:
    def brief(logger: Any, method: str, line: Line) -> Line:  # noqa: ARG001
        line["timestamp"] = line.pop("time")[11:23]
        return line

    console = structlog.dev.ConsoleRenderer(
        colors=coloured, pad_event_to=20, pad_level=False, sort_keys=False
    )
    return lambda logger, method, line: console(logger, method, brief(logger, method, line))


class _Libraries(logging.Handler):
    """Hands what libraries log through the standard `logging` to the same lines."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one line; a record that cannot be rendered is written without its arguments."""
        try:
            text = record.getMessage()
        except Exception:  # noqa: BLE001 - a library's bad format string must not break its caller
            text = str(record.msg)
        level = min(record.levelno // 10 * 10, logging.CRITICAL)
        write = functools.partial(structlog.get_logger().log, level)
        write("library.said", logger=record.name, text=text, exc_info=record.exc_info)
