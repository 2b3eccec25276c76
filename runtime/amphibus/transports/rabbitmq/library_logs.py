"""Keeps the client library's loggers quiet about our own connections; it may say of others what it likes.

It shouts about each connection that is lost, several times over; `Broker` says it once.
"""

import logging
from contextvars import ContextVar
from typing import Final

_LIBRARY: Final = "aiormq"
_ours: ContextVar[bool] = ContextVar("amphibus_own_connection", default=False)


def keep_quiet() -> None:
    """From now on, in the current task and all that it begins."""
    _ours.set(True)
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] == _LIBRARY:
            logging.getLogger(name).addFilter(_is_wanted)  # a filter is added once


def _is_wanted(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.CRITICAL or not _ours.get()
