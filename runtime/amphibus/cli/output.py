"""The output of commands: exit codes, three-line errors, aligned columns, JSON, times."""

import json
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final, TextIO

from amphibus.clock import as_datetime, as_microseconds
from amphibus.errors import (
    AmphibusError,
    ConfigError,
    DeclarationError,
    NoProject,
    OwnerAway,
    RequestTimeout,
)
from amphibus.nearest import did_you_mean, nearest


class Exit(IntEnum):
    """The exit codes of commands, shown at the end of `amphibus --help`."""

    OK = 0
    FAILED = 1
    USAGE = 2
    PROBLEMS = 3
    UNREACHABLE = 4
    TIMEOUT = 5


class CommandError(AmphibusError):
    """A command that cannot go on. Nothing more is done.

    `change` says what makes the line right that was typed: `{"--port": "8124"}` or `{"ordres": "orders"}`. The line
    so changed is then what to type, and `fix` only where that line is not known or holds a password.
    """

    def __init__(
        self,
        what: str,
        why: str,
        fix: str,
        code: Exit = Exit.FAILED,
        *,
        change: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(what, why, fix)
        self.code = code
        self.change = change


_CODES: Final = (
    (NoProject, Exit.USAGE),
    (ConfigError, Exit.USAGE),
    (DeclarationError, Exit.PROBLEMS),
    (OwnerAway, Exit.UNREACHABLE),
    (RequestTimeout, Exit.TIMEOUT),
)

_INSTANTS: Final = ("time", "received", "handled", "died", "began", "since", "until")
"""The columns that hold microseconds since the epoch."""
RED, GREEN, YELLOW, BOLD, DIM = "31", "32", "33", "1", "2"


def exit_code(error: AmphibusError) -> Exit:
    """Returns the exit code that an error ends a command with."""
    if isinstance(error, CommandError):
        return error.code
    return next((code for kind, code in _CODES if isinstance(error, kind)), Exit.FAILED)


def unknown(noun: str, name: str, known: Iterable[str], otherwise: str) -> CommandError:
    """The error for a name that nobody knows: names the known ones, and types the line with the nearest."""
    names = list(known)
    near = nearest(name, names)
    return CommandError(
        f"no {noun} {name}",
        f"there are {', '.join(names) or 'none'}" + did_you_mean(name, names),
        otherwise,
        Exit.USAGE,
        change={name: near} if near else {},
    )


def check_module(name: str, known: Iterable[str]) -> None:
    """Refuses a name that is none of the known modules.

    Raises:
        CommandError: it is not.
    """
    names = list(known)
    if name not in names:
        raise unknown("module", name, names, "amphibus modules")


def show_error(error: AmphibusError, fix: str | None = None) -> None:
    """Prints what, why and what to type to stderr; `fix` is a better one than the error knows."""
    lines = [f"{paint('error', RED, BOLD, to=sys.stderr)}  {printable_lines(error.what)}"]
    for label, text in (("why", error.why), ("fix", fix or error.fix)):
        if text:
            lines.append(f"  {paint(label, BOLD, to=sys.stderr)}  {printable_lines(typed(text))}")
    print("\n".join(lines), file=sys.stderr)


def command_name() -> str:
    """Returns what people type here to begin a command: `./run` in a checkout, else `amphibus`."""
    return os.environ.get("AMPHIBUS_COMMAND") or "amphibus"


def typed(text: str) -> str:
    """Returns the text with its commands as people type them here: `./run demo` for `amphibus demo`."""
    here = os.environ.get("AMPHIBUS_COMMAND")
    if not here:
        return text
    return re.sub(r"\bamphibus (run\b|(?=[a-z-]))", lambda it: here if it[1] else f"{here} ", text)


def coloured(to: TextIO) -> bool:
    """Returns whether colour may be written: on a terminal without NO_COLOR."""
    return to.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, *codes: str, to: TextIO | None = None) -> str:
    """Returns the text in colour if colour may be written, else as it is."""
    return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if coloured(to or sys.stdout) else text


def show_json(value: Any) -> None:
    """Prints one JSON document on stdout."""
    print(json_text(value, indent=2))


def json_text(value: Any, indent: int | None = None) -> str:
    """Returns a value as JSON that a terminal may show: what it would obey is escaped, and means the same."""
    text = json.dumps(value, indent=indent, ensure_ascii=False, default=str)
    return "".join(
        each if each.isprintable() or each == "\n" else json.dumps(each)[1:-1] for each in text
    )


def show_facts(facts: Mapping[str, object], width: int = 12) -> None:
    """Prints each fact in a line of its own, behind its name."""
    for name, value in facts.items():
        print(f"{name:{width}} {printable(str(value))}")


def show_columns(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Prints a table without lines, as wide as its widest cells."""
    cells = [[printable(str(cell)) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(header, *cells, strict=True)]

    def line(row: Sequence[str]) -> str:
        return "  ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()

    print(paint(line(header), BOLD))
    for row in cells:
        print(line(row))


def printable(text: str) -> str:
    """Returns a text of somebody else as a terminal may show it: it moves no cursor, and hides or forges no line."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def printable_lines(text: str) -> str:
    """Returns a text of somebody else as a terminal may show it, where it may have many lines."""
    return "\n".join(printable(each) for each in text.split("\n"))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def moment(microseconds: int | None) -> str:
    """Formats a time of the runtime's tables for people: UTC, to the millisecond."""
    if microseconds is None:
        return "-"
    at = as_datetime(microseconds)
    return at.strftime("%Y-%m-%d %H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def rfc3339(microseconds: int) -> str:
    """Formats a time of the runtime's tables for programs: RFC 3339, to the microsecond, so that nothing is lost."""
    return as_datetime(microseconds).isoformat(timespec="microseconds").replace("+00:00", "Z")


def microseconds(instant: str) -> int:
    """Parses what `rfc3339` wrote.

    Raises:
        ValueError: it is no instant.
    """
    at = datetime.fromisoformat(instant)
    return as_microseconds(at.replace(tzinfo=at.tzinfo or UTC))


def with_instants(value: Any) -> Any:
    """Returns facts of the runtime's tables with the times in them as `rfc3339` writes them."""
    if isinstance(value, Mapping):
        return {
            name: rfc3339(each)
            if name in _INSTANTS and isinstance(each, int)
            else with_instants(each)
            for name, each in value.items()
        }
    return [with_instants(each) for each in value] if isinstance(value, list) else value


def plural(count: int, noun: str) -> str:
    """Formats a count: `1 order`, `2 orders`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def progress(total: int | None, what: str) -> tuple[Callable[[int], None], Callable[[], None]]:
    """Shows a progress bar on stderr, silent without a terminal: `advance(by)` and `close()`."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )
    task = bar.add_task(what, total=total, rate="")
    bar.start()

    def advance(by: int) -> None:
        speed = bar.tasks[task].speed
        bar.update(task, advance=by, rate=f"{speed:,.0f}/s" if speed else "")

    return advance, bar.stop


async def advanced(batches: AsyncIterator[int], total: int, what: str) -> None:
    """Goes through work that is done in batches, and shows how far it is."""
    advance, close = progress(total, what)
    async for count in batches:
        advance(count)
    close()
