"""Whose trouble a failed statement is: the database's for the runtime, mostly its own for a handler."""

import sqlite3
from pathlib import Path

import asyncpg
import pytest

from amphibus.database.faults import is_handler_store_failure, is_store_failure, may_be_its_own


def _of_sqlite(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("said by SQLite")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "of_the_runtime", "of_a_handler"),
    [
        (asyncpg.QueryCanceledError(), True, False),
        (asyncpg.LockNotAvailableError(), True, False),
        (asyncpg.SerializationError(), True, False),
        (asyncpg.DeadlockDetectedError(), True, False),
        (asyncpg.ReadOnlySQLTransactionError(), True, False),
        (asyncpg.DiskFullError(), True, True),
        (asyncpg.TooManyConnectionsError(), True, True),
        (asyncpg.AdminShutdownError(), True, True),
        (asyncpg.ConnectionDoesNotExistError(), True, True),
        (asyncpg.InternalClientError(), True, True),
        (asyncpg.InterfaceError("connection is closed"), True, True),
        (asyncpg.InterfaceError("another operation is in progress"), True, False),
        (asyncpg.ObjectNotInPrerequisiteStateError(), False, False),
        (asyncpg.DuplicateFileError(), False, False),
        (asyncpg.ProgramLimitExceededError(), False, False),
        (asyncpg.UniqueViolationError(), False, False),
        (_of_sqlite(sqlite3.SQLITE_FULL), True, True),
        (_of_sqlite(sqlite3.SQLITE_IOERR), True, True),
        (_of_sqlite(sqlite3.SQLITE_CORRUPT), True, True),
        (_of_sqlite(sqlite3.SQLITE_BUSY), True, False),
        (_of_sqlite(sqlite3.SQLITE_LOCKED), True, False),
        (_of_sqlite(sqlite3.SQLITE_READONLY), True, False),
        (_of_sqlite(sqlite3.SQLITE_CONSTRAINT), False, False),
        (TimeoutError(), True, False),
        (ConnectionResetError(), True, False),
        (ValueError(), False, False),
    ],
)
def test_what_a_statement_meets_by_its_own_doing_is_no_trouble_of_the_database(
    error: Exception, *, of_the_runtime: bool, of_a_handler: bool
) -> None:
    assert is_store_failure(error) is of_the_runtime
    assert is_handler_store_failure(error) is of_a_handler


@pytest.mark.parametrize(
    ("error", "its_own"),
    [
        (asyncpg.OutOfMemoryError(), True),
        (asyncpg.InsufficientResourcesError(), True),
        (asyncpg.ConnectionDoesNotExistError(), True),
        (_of_sqlite(sqlite3.SQLITE_NOTADB), True),
        (_of_sqlite(sqlite3.SQLITE_NOMEM), True),
        (asyncpg.DiskFullError(), False),
        (asyncpg.TooManyConnectionsError(), False),
        (_of_sqlite(sqlite3.SQLITE_FULL), False),
        (_of_sqlite(sqlite3.SQLITE_IOERR), False),
        (ValueError(), False),
    ],
)
def test_what_one_statement_may_meet_each_time_is_believed_a_few_times(
    error: Exception, *, its_own: bool
) -> None:
    assert may_be_its_own(error) is its_own


def test_the_codes_are_those_that_sqlite_gives(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE line (book)")
    reader = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    with pytest.raises(sqlite3.OperationalError) as refused:
        reader.execute("INSERT INTO line VALUES (1)")
    reader.close()
    made.close()

    assert is_store_failure(refused.value)
    assert not is_handler_store_failure(refused.value)
