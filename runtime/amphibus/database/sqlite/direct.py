"""The statements of repositories on SQLite: the driver is called at once, with the guard of transactions before it."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.exc import DBAPIError

from amphibus.database.sqlite.inline_dialect import GuardedConnection


class SqliteDirect:
    """One connection; never waits for anything but the disk."""

    def __init__(self, raw: GuardedConnection, dialect: Dialect) -> None:
        self.dialect = dialect
        self._raw = raw
        self._executing = raw.guard.executing

    async def rows(self, statement: str, values: Sequence[Any]) -> list[Any]:
        """All rows of a query; read whole, as an open cursor would keep the file's old pages."""
        self._executing(statement)
        try:
            return self._raw.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise _told(statement, error) from error

    async def run(self, statement: str, values: Sequence[Any]) -> int:
        """Runs a statement; returns the number of rows that it changed."""
        self._executing(statement)
        try:
            return self._raw.execute(statement, values).rowcount
        except sqlite3.Error as error:
            raise _told(statement, error) from error

    async def many(self, statement: str, values: Sequence[Sequence[Any]]) -> None:
        """Runs a statement once for each row of values."""
        self._executing(statement)
        try:
            self._raw.executemany(statement, values)
        except sqlite3.Error as error:
            raise _told(statement, error) from error

    async def column_types(self, statement: str) -> Sequence[Any]:  # noqa: ARG002 - it has none
        """None: a column of SQLite holds what it holds."""
        return ()


def _told(statement: str, error: sqlite3.Error) -> Exception:
    """The error as SQLAlchemy tells it, without the values, which may be a person's."""
    return DBAPIError.instance(statement, None, error, sqlite3.Error, hide_parameters=True)
