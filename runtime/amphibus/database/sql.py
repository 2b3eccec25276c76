"""The few verbs in which the runtime talks to its own tables, on any database.

Statements are written once, with `?` for values, in the SQL that SQLite and PostgreSQL share.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from amphibus.database.write_set import Row, WriteSet

if TYPE_CHECKING:
    from sqlalchemy import Dialect  # a producer outside loads no ORM

Identified = tuple[str, str, str]
"""A message by its source, its id and its ordering key."""


class Sql(Protocol):
    """One connection."""

    async def run(self, statement: str, *values: Any) -> int:
        """Runs a statement; returns the number of rows that it changed."""
        ...

    async def rows(self, statement: str, *values: Any) -> list[Row]:
        """All rows of a query."""
        ...

    async def row(self, statement: str, *values: Any) -> Row | None:
        """Its first row."""
        ...

    async def has_table(self, name: str) -> bool:
        """Returns whether the module has a table of that name."""
        ...

    async def size(self) -> int:
        """Returns the bytes that the database takes, with its indexes."""
        ...

    async def many(self, statement: str, values: Sequence[Row]) -> None:
        """Runs a statement once for each row of values."""
        ...

    async def prior_outcomes(self, messages: Sequence[Identified]) -> list[Row | None]:
        """Returns what stands against running each of some messages; see `prior_outcome`."""
        ...

    async def flush(self, write_set: WriteSet) -> list[int]:
        """Writes what a commit has to record; returns the numbers of its outbox rows, in their order."""
        ...


class DirectSql(Protocol):
    """A connection's driver as repositories call it: compiled statements of a module, past SQLAlchemy.

    Errors of the driver come as SQLAlchemy's, as those of a session do.
    """

    dialect: "Dialect"

    async def rows(self, statement: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """All rows of a query."""
        ...

    async def run(self, statement: str, values: Sequence[Any]) -> int:
        """Runs a statement; returns the number of rows that it changed."""
        ...

    async def many(self, statement: str, values: Sequence[Sequence[Any]]) -> None:
        """Runs a statement once for each row of values."""
        ...

    async def column_types(self, statement: str) -> Sequence[Any]:
        """The driver's codes for the types of a query's columns; empty where it has none."""
        ...
