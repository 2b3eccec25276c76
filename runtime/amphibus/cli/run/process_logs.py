"""The log lines of many processes: to a file for each, and to this one's terminal with their names."""

import contextlib
import io
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from amphibus.cli.output import coloured, paint
from amphibus.telemetry.log_stream import LogStream

FOLDER: Final = "logs"
SUPERVISOR: Final = "supervisor"
_COLOURS: Final = ("36", "32", "33", "35", "34", "96", "92", "93", "95", "94")
_ROTATE_BYTES: Final = 20_000_000


class ProcessLogs:
    """The logs at `<data folder>/logs/<label>.log`, with one old file each. Lives as long as the supervisor."""

    def __init__(self, data_dir: Path, labels: Sequence[str], log_format: str) -> None:
        self._folder = data_dir / FOLDER
        self._folder.mkdir(parents=True, exist_ok=True)
        self._width = max(len(label) for label in (*labels, SUPERVISOR))
        self._colours = {
            label: _COLOURS[place % len(_COLOURS)] for place, label in enumerate(labels)
        }
        self._files: dict[str, io.TextIOWrapper] = {}
        self._terminal = LogStream(sys.stderr)
        as_text = log_format == "text" or (log_format == "auto" and sys.stderr.isatty())
        self._render = _renderer() if as_text else None

    def say(self, event: str, *, level: str = "info", **fields: Any) -> None:
        """Writes a line of the supervisor's own."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {"time": now, "level": level, "event": event, **fields}
        self.take(SUPERVISOR, json.dumps(line, ensure_ascii=False))

    def take(self, label: str, line: str) -> None:
        """Writes a line of a process: to its file as it is, to the terminal with its name."""
        # A full disk, say; the terminal still has the line.
        with contextlib.suppress(OSError, ValueError):
            self._file(label).write(f"{line}\n")
        prefix = paint(f"{label:<{self._width}} |", self._colours.get(label, "2"), to=sys.stderr)
        self._terminal.write(f"{prefix} {self._shown(line)}\n")

    def close(self) -> None:
        """Closes the files."""
        for file in self._files.values():
            with contextlib.suppress(OSError):
                file.close()
        self._files.clear()

    def _shown(self, line: str) -> str:
        if self._render is None or not line.startswith("{"):
            return line
        try:
            return str(self._render(json.loads(line)))
        except (ValueError, KeyError, TypeError):
            return line

    def _file(self, label: str) -> io.TextIOWrapper:
        path = self._folder / f"{label}.log"
        file = self._files.get(label)
        if file is not None and file.tell() > _ROTATE_BYTES:
            self._files.pop(label).close()
            with contextlib.suppress(FileNotFoundError):  # somebody else put it away
                path.replace(path.with_suffix(".log.1"))
            file = None
        if file is None:
            file = self._files[label] = path.open("a", buffering=1, encoding="utf-8")
        return file


def _renderer() -> Any:
    from amphibus.telemetry.logs import text_renderer

    return text_renderer(coloured=coloured(sys.stderr))
