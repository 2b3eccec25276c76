"""SQLAlchemy's asyncio layer over SQLite, called straight from the event loop.

A statement on an embedded database takes microseconds, a hop to a thread and back a hundred: so SQLAlchemy is given a
driver that answers at once. Nothing here waits for anything but the disk.
"""

from collections.abc import Generator
from typing import Any

from sqlalchemy import URL, StaticPool
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util.concurrency import await_only, in_greenlet
from sqlmodel.ext.asyncio.session import AsyncSession


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
        """Nothing: the runtime ends transactions, and those who work in one must not."""

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Nothing, as for a commit: what would follow a rollback would be written outside of any transaction."""

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
        cursor.executemany(statement, parameters)
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
