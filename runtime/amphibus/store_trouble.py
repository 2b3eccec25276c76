"""Tells trouble of the database, which spends no attempt, from a handler's faulty SQL, which does."""

import sqlite3
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from amphibus.errors import StoreError

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
    """Whether an error came out of a statement: the transaction it was in cannot go on."""
    of_asyncpg = type(error).__module__.startswith("asyncpg.")
    return of_asyncpg or isinstance(error, sqlite3.Error | SQLAlchemyError)


def is_conflict(error: BaseException) -> bool:
    """Whether another instance changed the same rows at the same moment: the same work may succeed at once."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(cause, "sqlstate", None) or "").startswith(_CONFLICT)


def is_trouble(error: BaseException) -> bool:
    """Whether the database itself is busy, full or away: the same work may succeed later."""
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
