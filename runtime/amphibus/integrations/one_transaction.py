"""Holds a handler of an application to the transaction in which its message is noted as taken."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NoReturn

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from amphibus.database.sessions import ends_transaction
from amphibus.errors import AmphibusError


@asynccontextmanager
async def one_transaction(session: AsyncSession) -> AsyncIterator[None]:
    """Around a handler: it may not end the transaction of its session, by whatever door.

    What it had committed would stay without the rest, and its message count as handled; what it wrote after a rollback
    would come about again with the next delivery.

    Raises:
        AmphibusError: it tried to commit, or has rolled back.
    """
    guard = _Guard(session.sync_session)
    connection: Any = (await session.connection()).sync_connection
    event.listen(session.sync_session, "before_commit", guard.session_commits)
    event.listen(connection, "commit", guard.connection_commits)
    event.listen(connection, "before_cursor_execute", guard.executing)
    try:
        yield
        guard.look(connection)
    finally:
        guard.armed = False


class _Guard:
    """Refuses the end of the transaction that a session has now, while it is armed."""

    def __init__(self, session: Session) -> None:
        self.armed = True
        self._session = session
        self._transaction = session.get_transaction()

    def session_commits(self, session: Session) -> None:
        """Of a savepoint it may."""
        if self.armed and not session.in_nested_transaction():
            _refuse()

    def connection_commits(self, _connection: Any) -> None:
        """By the connection of the session."""
        if self.armed:
            _refuse()

    def executing(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        """By a statement."""
        if self.armed and ends_transaction(statement):
            _refuse()

    def look(self, connection: Any) -> None:
        """Sees whether it was rolled back."""
        if (
            self._session.get_transaction() is not self._transaction
            or not connection.in_transaction()
        ):
            _refuse()


def _refuse() -> NoReturn:
    raise AmphibusError(
        "a handler may not end its transaction",
        "its message is noted as taken in it, so that both take effect once or not at all",
        "leave the commit to the router; session.begin_nested() takes a part back",
    )
