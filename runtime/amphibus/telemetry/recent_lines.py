"""The last lines that a process has logged, for those who follow a fleet's lines without reading its files."""

import json
from collections import deque
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any, Final

from amphibus.messages.contracts.amphibus.answers import LogLines
from amphibus.messages.contracts.amphibus.v1 import ListLines

_MOST: Final = 2_000
_LONGEST: Final = 4_000
"""Characters of a line as it is told."""
_LONG: Final = 500
"""Characters of one field of a longer line."""
LEVELS: Final = ("debug", "info", "warning", "error", "critical")
"""From the least to the gravest."""


class RecentLines:
    """Keeps the last lines as they were written: nothing in them is personal. A processor of structlog."""

    def __init__(self) -> None:
        self._lines: deque[tuple[int, dict[str, Any]]] = deque(maxlen=_MOST)
        self._count = 0
        self.also: Callable[[dict[str, Any]], None] | None = None
        """Takes each line too, where lines are exported."""

    def __call__(
        self,
        _logger: Any,
        _method: str,
        line: MutableMapping[str, Any],
    ) -> MutableMapping[str, Any]:
        """Keeps a line and hands it on."""
        self._count += 1
        kept = dict(line)
        self._lines.append((self._count, kept))
        if self.also is not None:
            self.also(kept)
        return line

    async def tell(self, asked: ListLines) -> LogLines:
        """Answers who follows: those behind a number; the newest of them where there are more than are wanted."""
        found = list(self._wanted(asked))[-asked.limit :]
        return LogLines(lines=tuple(found), last=self._count)

    def _wanted(self, asked: ListLines) -> Iterator[str]:
        levels = LEVELS[LEVELS.index(asked.least) :] if asked.least in LEVELS else LEVELS
        for number, line in list(self._lines):
            if (
                number > asked.after
                and line.get("level", "info") in levels
                and (not asked.modules or line.get("module") in asked.modules)
                and (asked.correlation is None or line.get("correlation") == asked.correlation)
            ):
                text = json.dumps(line, ensure_ascii=False, default=str)
                if asked.text.lower() in text.lower():
                    yield text if len(text) <= _LONGEST else _cut(line)


def _cut(line: dict[str, Any]) -> str:
    """A long line with its long fields cut."""
    short = {
        name: f"{each[:_LONG]}…" if isinstance(each, str) and len(each) > _LONG else each
        for name, each in line.items()
    }
    text = json.dumps(short, ensure_ascii=False, default=str)
    if len(text) <= _LONGEST:
        return text
    return json.dumps({name: line.get(name) for name in ("time", "level", "event")}, default=str)
