"""The last lines that a process has logged, for those who follow a fleet's lines without reading its files."""

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, Final, NamedTuple

from amphibus.messages.contracts.amphibus.answers import LogLines
from amphibus.messages.contracts.amphibus.v1 import ListLines

_MOST: Final = 2_000
_LONGEST: Final = 4_000
"""Characters of a line as it is kept and told."""
_LONG: Final = 500
"""Characters of one field of a longer line."""
LEVELS: Final = ("debug", "info", "warning", "error", "critical")
"""From the least to the gravest."""


class _Kept(NamedTuple):
    """A line as text, whatever objects it was made of, and what it is looked for by."""

    number: int
    level: str
    module: str | None
    correlation: str | None
    text: str


class RecentLines:
    """Keeps the last lines as they were written: nothing in them is personal. A processor of structlog."""

    def __init__(self) -> None:
        self._lines: deque[_Kept] = deque(maxlen=_MOST)
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
        self._lines.append(
            _Kept(
                self._count,
                line.get("level", "info"),
                line.get("module"),
                line.get("correlation"),
                _text(line),
            )
        )
        if self.also is not None:
            self.also(dict(line))
        return line

    async def tell(self, asked: ListLines) -> LogLines:
        """Answers who follows: those behind a number; the newest of them where there are more than are wanted."""
        found = list(self._wanted(asked))[-asked.limit :]
        return LogLines(lines=tuple(found), last=self._count)

    def _wanted(self, asked: ListLines) -> Iterator[str]:
        levels = LEVELS[LEVELS.index(asked.least) :] if asked.least in LEVELS else LEVELS
        for line in list(self._lines):
            if (
                line.number > asked.after
                and line.level in levels
                and (not asked.modules or line.module in asked.modules)
                and (asked.correlation is None or line.correlation == asked.correlation)
                and asked.text.lower() in line.text.lower()
            ):
                yield line.text


def _text(line: Mapping[str, Any]) -> str:
    """A line as it is told. Its fields may be of a module, and fail where they are written."""
    try:
        text = json.dumps(line, ensure_ascii=False, default=str)
        return text if len(text) <= _LONGEST else _cut(line)
    except Exception:  # noqa: BLE001 - whoever logs must not fail for who may look
        return _head(line)


def _cut(line: Mapping[str, Any]) -> str:
    """A long line with its long fields cut."""
    short = {
        name: f"{each[:_LONG]}…" if isinstance(each, str) and len(each) > _LONG else each
        for name, each in line.items()
    }
    text = json.dumps(short, ensure_ascii=False, default=str)
    if len(text) <= _LONGEST:
        return text
    return _head(line)


def _head(line: Mapping[str, Any]) -> str:
    return json.dumps({name: str(line.get(name))[:_LONG] for name in ("time", "level", "event")})
