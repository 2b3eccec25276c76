"""Tells trouble of the database, which spends no attempt, from a handler's faulty SQL, which does."""

import sqlite3
import time
from collections.abc import Callable
from typing import Any, Final

import structlog
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from amphibus.errors import StoreError
from amphibus.telemetry.privacy import describe

_log: Any = structlog.get_logger()
_AGAIN_SECONDS: Final = 10.0

_SQLITE: Final = frozenset(
    (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOMEM,
    )
)

_POSTGRESQL: Final = frozenset(("08", "40", "53", "55", "57", "58"))
"""Classes of SQLSTATE: connection, serialization and deadlock, resources, not now, shut down, disk."""
_CONFLICT: Final = "40"
_ASYNCPG: Final = frozenset(
    ("InterfaceError", "ConnectionDoesNotExistError", "InternalClientError")
)


def is_of_the_database(error: BaseException) -> bool:
    """Returns whether an error came out of a statement: the transaction it was in cannot go on."""
    of_asyncpg = type(error).__module__.startswith("asyncpg.")
    return of_asyncpg or isinstance(error, sqlite3.Error | SQLAlchemyError)


def is_conflict(error: BaseException) -> bool:
    """Returns whether another instance changed the same rows at the same moment: the same work may succeed at once."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(cause, "sqlstate", None) or "").startswith(_CONFLICT)


def is_store_failure(error: BaseException) -> bool:
    """Returns whether the database itself is busy, full or away: the same work may succeed later."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in _SQLITE
    state = str(getattr(cause, "sqlstate", None) or "")
    return (
        isinstance(cause, StoreError | OSError)
        or state[:2] in _POSTGRESQL
        or type(cause).__name__ in _ASYNCPG
        or (isinstance(error, DBAPIError) and error.connection_invalidated)
    )


def is_read_failure(error: BaseException) -> bool:
    """Like `is_store_failure`, where only a statement may fail so, and to be refused a change is one's own fault."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_READONLY:
        return False
    return is_of_the_database(error) and is_store_failure(error)


def _why(error: BaseException) -> str:
    return error.line if isinstance(error, StoreError) else describe(error)


class StoreHealth:
    """Reports that a database cannot be used: when it begins, every ten seconds, and when it is over."""

    def __init__(self, module: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.on_change: Callable[[str], None] = lambda _why: None
        """Told why it cannot be used, all causes, and nothing once it can."""
        self._module = module
        self._clock = clock
        self._whys: dict[str, str] = {}
        """By who met it."""
        self._count = 0
        self._began = 0.0
        self._said = float("-inf")
        self._open = False

    def failed(self, who: str, error: BaseException) -> None:
        """Somebody could not use it."""
        now, why = self._clock(), _why(error)
        if not self._whys:
            self._began = now
        self._set({**self._whys, who: why})
        self._count += 1
        if now - self._said >= _AGAIN_SECONDS:
            _log.error("store.failed", module=self._module, error=why, times=self._count)
            self._said, self._count, self._open = now, 0, True

    def recovered(self, who: str) -> None:
        """The same one could use it; said when that is true of all."""
        if who not in self._whys:
            return
        self._set({other: why for other, why in self._whys.items() if other != who})
        if self._whys:
            return
        if self._open:
            self._open = False
            seconds = round(self._clock() - self._began, 3)
            _log.info("store.back", module=self._module, seconds=seconds)

    def _set(self, whys: dict[str, str]) -> None:
        before, now = ("; ".join(dict.fromkeys(each.values())) for each in (self._whys, whys))
        self._whys = whys
        if now != before:
            self.on_change(now)
