"""The rows of a table that its user learns when it runs, as a process does."""

from typing import Any

from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from amphibus.repository.rows import Repository
from amphibus.repository.shape import is_plain


class RowsOfTable(Repository[SQLModel]):
    """The rows of a table that a repository can write."""

    def __init__(self, session: AsyncSession, table: type[SQLModel]) -> None:
        self.table = table  # type: ignore[misc] # each has its own
        super().__init__(session)

    async def get(self, key: Any) -> SQLModel | None:
        """Reads a row by its key of one column, and locks it."""
        return await self._get({self._shape.key[0]: key}, for_update=True)


class RowsOfSession:
    """The rows of a table that the ORM alone knows how to write."""

    def __init__(self, session: AsyncSession, table: type[SQLModel]) -> None:
        self._session = session
        self._table = table

    async def get(self, key: Any) -> SQLModel | None:
        """Reads a row by its key, and locks it."""
        row: SQLModel | None = await self._session.get(self._table, key, with_for_update=True)
        return row

    async def insert(self, row: SQLModel) -> None:
        """Leaves a new row to the session."""
        self._session.add(row)

    async def save(self, row: SQLModel) -> None:
        """Leaves the changes to the session, which has seen them."""


def rows_of(session: AsyncSession, table: type[SQLModel]) -> RowsOfTable | RowsOfSession:
    """The rows of a table, in the transaction of a session."""
    return RowsOfTable(session, table) if is_plain(table) else RowsOfSession(session, table)
