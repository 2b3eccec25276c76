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
_WRITERS: Final = ("writer", "gateway", "probe")
"""Those who meet a store that cannot be written."""

_SQLITE: Final = frozenset(
    (
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    )
)
"""Whoever runs the statement: the file or the machine is in trouble."""
_SQLITE_OURS: Final = _SQLITE | {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
}
"""Of a statement of the runtime. A handler meets them by what it does itself."""

_LOST: Final = frozenset(
    {"08000", "08001", "08003", "08004", "08006", "08007", "25P03"}
    | {"57P01", "57P02", "57P03", "57P04", "57P05"}
)
"""The connection is gone, or the server ends it."""
_CONFLICT: Final = frozenset(("40001", "40003", "40P01"))
"""Serialization, an unknown completion, deadlock."""
_FULL: Final = frozenset(("53000", "53100", "53200", "53300", "58000", "58030"))
"""Of what the server needs nothing is left, or its disk fails."""
_POSTGRESQL_OURS: Final = _FULL | _CONFLICT | {"08P01", "25006", "53400", "55P03", "57014", "58P01"}
"""Of a statement of the runtime: a lock that is not given, a time that is over, a server that only reads, too.

A handler's statement meets those by its own doing: that is a failure of its message, and counted.
"""
_OF_ONE_STATEMENT: Final = frozenset(("53000", "53200"))
"""What is left of the server's memory or locks may be too little for one statement, and enough for all others."""
_OF_ANY_FILE: Final = frozenset((sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_NOMEM))
"""A handler may have opened another file, or built too long a text."""
_ASYNCPG: Final = frozenset(("ConnectionDoesNotExistError", "InternalClientError"))
"""A connection that was cut, also where the driver is surprised by it."""


def _cause(error: BaseException) -> Any:
    return error.orig if isinstance(error, DBAPIError) else error


def _state(error: BaseException) -> str:
    return str(getattr(_cause(error), "sqlstate", None) or "")


def is_of_the_database(error: BaseException) -> bool:
    """True if an error came out of a statement: the transaction it was in cannot go on."""
    of_asyncpg = type(error).__module__.startswith("asyncpg.")
    return of_asyncpg or isinstance(error, sqlite3.Error | SQLAlchemyError)


def is_locked(error: BaseException) -> bool:
    """True if another program has locked the file."""
    code = getattr(_cause(error), "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def is_conflict(error: BaseException) -> bool:
    """True if another instance changed the same rows at the same moment: the same work may succeed at once."""
    return _state(error) in _CONFLICT


def is_store_failure(error: BaseException) -> bool:
    """True if the database is busy, full or away for a statement of the runtime: the same work may succeed later."""
    cause = _cause(error)
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in _SQLITE_OURS
    ours = isinstance(cause, StoreError | OSError) or type(cause).__name__ == "InterfaceError"
    return ours or _state(error) in _POSTGRESQL_OURS or is_lost(error)


def is_handler_store_failure(error: BaseException) -> bool:
    """Like `is_store_failure`, for what a handler's own statement raised.

    To be cancelled, timed out, refused a lock or a change is its own failure: its attempts are counted, and end.
    """
    if not is_of_the_database(error):
        return False
    cause = _cause(error)
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in _SQLITE
    return _state(error) in _FULL or is_lost(error)


def is_lost(error: BaseException) -> bool:
    """True if the connection to a server was lost with it."""
    cause = _cause(error)
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if _state(error) in _LOST:
        return True
    name = type(cause).__name__
    return name in _ASYNCPG or (name == "InterfaceError" and "closed" in str(cause))


def may_be_its_own(error: BaseException) -> bool:
    """True if a handler's statement may have met that by its own doing, each time: it is believed a few times."""
    cause = _cause(error)
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in _OF_ANY_FILE
    return _state(error) in _OF_ONE_STATEMENT or is_lost(error)


def _why(error: BaseException) -> str:
    return error.line if isinstance(error, StoreError) else describe(error)


class StoreHealth:
    """Tells of a database that cannot be used: when it begins, every ten seconds, when it is over."""

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

    @property
    def cannot_write(self) -> bool:
        """Returns whether a write failed, and none that proves the contrary was done since."""
        return any(who in self._whys for who in _WRITERS)

    def writes(self) -> None:
        """Something was written on purpose: whoever could not, can again."""
        for who in _WRITERS:
            self.recovered(who)

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
