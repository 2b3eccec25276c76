"""SQLAlchemy's asyncio layer over SQLite, called straight from the event loop.

A statement on an embedded database takes microseconds, a hop to a thread and back a hundred: so SQLAlchemy is given a
driver that answers at once. Nothing here waits for anything but the disk.
"""

import sqlite3
from collections.abc import Generator
from typing import Any, NoReturn

from sqlalchemy import URL, StaticPool
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util.concurrency import await_only, in_greenlet
from sqlmodel.ext.asyncio.session import AsyncSession

from amphibus.database.sessions import TransactionGuard
from amphibus.database.store import UnitFailed


class _AtOnce:
    """An awaitable that is done."""

    def __await__(self) -> Generator[None, None, None]:
        return
        yield


_AT_ONCE = _AtOnce()


def _satisfy_sqlalchemy() -> None:
    """SQLAlchemy refuses an async driver that never awaits: so ours awaits nothing."""
    if in_greenlet():
        await_only(_AT_ONCE)


class GuardedConnection(sqlite3.Connection):
    """The driver's connection, with the guard of its transactions."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.guard = TransactionGuard()

    def commit(self) -> None:
        """Ends nothing: whoever has the driver's connection works in the runtime's transaction."""
        self.guard.ended()

    def rollback(self) -> None:
        """Ends nothing either."""
        self.guard.ended()

    def executescript(self, script: str, /) -> NoReturn:  # noqa: ARG002 - sqlite3's signature
        """Refuses: a script begins by committing what there is."""
        raise UnitFailed


class InlineSqlite(SQLiteDialect_pysqlite):
    """SQLAlchemy's SQLite dialect as an async one whose calls return at once."""

    is_async = True
    driver = "inline"
    supports_statement_cache = True

    @classmethod
    def get_pool_class(cls, url: URL) -> type[StaticPool]:  # noqa: ARG003 - SQLAlchemy's signature
        """One connection an engine."""
        return StaticPool

    def do_commit(self, dbapi_connection: Any) -> None:
        """Ends nothing: the runtime ends transactions, and those who work in one must not."""
        dbapi_connection.guard.ended()

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Ends nothing either: what would follow a rollback would be written outside of any transaction."""
        dbapi_connection.guard.ended()

    def get_driver_connection(self, connection: Any) -> Any:
        """The `sqlite3` connection itself."""
        return connection

    def do_execute(
        self,
        cursor: Any,
        statement: Any,
        parameters: Any,
        context: Any = None,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> None:
        """Runs a statement for one row."""
        cursor.connection.guard.executing(statement)
        cursor.execute(statement, parameters)
        _satisfy_sqlalchemy()

    def do_executemany(
        self,
        cursor: Any,
        statement: Any,
        parameters: Any,
        context: Any = None,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> None:
        """Runs a statement for many rows."""
        cursor.connection.guard.executing(statement)
        cursor.executemany(statement, parameters)
        _satisfy_sqlalchemy()

    def do_execute_no_params(self, cursor: Any, statement: Any, context: Any = None) -> None:  # noqa: ARG002 - SQLAlchemy's signature
        """Runs a statement as it stands."""
        cursor.connection.guard.executing(statement)
        cursor.execute(statement)
        _satisfy_sqlalchemy()


class InlineSession(AsyncSession):
    """Its busiest calls go straight to the database: a greenlet that never waits would double their cost."""

    async def get(self, *args: Any, **options: Any) -> Any:
        """Loads a row by its primary key."""
        return self.sync_session.get(*args, **options)

    async def flush(self, objects: Any = None) -> None:
        """Writes what was changed."""
        self.sync_session.flush(objects)

    async def exec(self, *args: Any, **options: Any) -> Any:
        """Runs a statement; its result is read whole."""
        # An open cursor would keep the file's old pages.
        chosen = {**(options.pop("execution_options", None) or {}), "prebuffer_rows": True}
        return self.sync_session.exec(*args, **options, execution_options=chosen)
