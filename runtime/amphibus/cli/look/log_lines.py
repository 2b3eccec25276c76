"""`amphibus logs --lines`: the log lines of all supervised processes, merged by time."""

import heapq
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from amphibus.cli.output import (
    CommandError,
    Exit,
    coloured,
    json_text,
    paint,
    printable,
    printable_lines,
)
from amphibus.cli.run.process_logs import FOLDER

_OF_MANY_LINES: Final = ("exception", "stack")


def show_lines(data_dir: Path, correlation: str | None, limit: int, *, as_json: bool) -> None:
    """Prints the newest lines, oldest first; only those of one flow if it is named.

    Raises:
        CommandError: no process was supervised with this data folder.
    """
    folder = data_dir / FOLDER
    files = [*folder.glob("*.log.1"), *folder.glob("*.log")]
    if not files:
        raise CommandError(
            f"no log files in {folder}",
            "they are written when all modules run as processes of their own",
            "amphibus run --mode=distributed --all",
            Exit.FAILED,
        )
    lines = heapq.merge(*(_lines(path) for path in files), key=lambda each: each[0])
    found = [
        (label, fields)
        for _, label, fields in lines
        if correlation is None or fields.get("correlation") == correlation
    ]
    print_lines(found[-limit:], as_json=as_json)


def _lines(path: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yields time, process and fields. A foreign line belongs to the time of the line before it."""
    label, time = path.name.partition(".log")[0], ""
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                fields = json.loads(line)
                time = max(time, fields["time"])
            except (ValueError, KeyError, TypeError):
                fields = {"text": line.rstrip("\n")}
            yield time, label, fields


def print_lines(lines: list[tuple[str, dict[str, Any]]], *, as_json: bool) -> None:
    """Prints lines, each with the process that wrote it."""
    from amphibus.telemetry.logs import text_renderer

    render = text_renderer(coloured=coloured(sys.stdout))
    width = max((len(label) for label, _ in lines), default=0)
    for label, fields in lines:
        if as_json:
            print(json_text({"process": label, **fields}))
        elif "text" in fields and len(fields) == 1:
            print(f"{label:<{width}} | {printable(str(fields['text']))}")
        else:
            print(f"{paint(f'{label:<{width}} |', '2')} {render(_shown(fields))}")


def _shown(fields: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields of a line as a terminal may show them; a traceback keeps its lines."""
    return {
        printable(name): printable_lines(value)
        if isinstance(value, str) and name in _OF_MANY_LINES
        else printable(value)
        if isinstance(value, str)
        else value
        for name, value in fields.items()
    }
