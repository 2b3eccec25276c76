"""The least levels of log lines, of the process and of single modules; they change while it runs.

A line below all of them costs a call of an empty function.
"""

import logging
from collections.abc import Mapping
from typing import Any, Final

import structlog

LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
}


class LevelledLogger(structlog.BoundLoggerBase):
    """The class of every logger of the process; its methods are exchanged when the levels change."""


class LogLevels:
    """The levels of the process. Loggers are known to it for good, so there is one."""

    def __init__(self) -> None:
        self._level = logging.INFO
        self._by_module: Mapping[str, int] = {}

    def change(self, level: str, by_module: Mapping[str, str]) -> None:
        """Sets the least level, and those of modules that have one of their own."""
        self._level = LEVELS[level.lower()]
        self._by_module = {name: LEVELS[each] for name, each in by_module.items()}
        least = min((self._level, *self._by_module.values()))
        for name, method in vars(structlog.make_filtering_bound_logger(least)).items():
            if not name.startswith("__"):
                setattr(LevelledLogger, name, method)
        logging.getLogger().setLevel(max(self._level, logging.WARNING))

    def drop(self, logger: Any, method: str, line: Any) -> Any:  # noqa: ARG002 - structlog's signature
        """Drops a line that is below the level of its module; a processor of structlog.

        Raises:
            DropEvent: it is not wanted.
        """
        if self._by_module:
            least = self._by_module.get(line.get("module", ""), self._level)
            if LEVELS.get(line["level"], least) < least:
                raise structlog.DropEvent
        return line


levels: Final = LogLevels()
