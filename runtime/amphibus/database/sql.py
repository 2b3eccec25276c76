"""How the runtime talks to its own tables: the few verbs that it needs, on any database.

Statements are written once, with `?` for values, in the SQL that SQLite and PostgreSQL share.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final, Protocol

from amphibus.database.statements import (
    ARM_TIMER,
    DISARM_TIMER,
    INSERT_INBOX,
    INSERT_OUTBOX,
    PRIOR_OUTCOME,
)
from amphibus.database.write_set import Row, WriteSet

_PRIOR_OUTCOME: Final = PRIOR_OUTCOME.format(source="?", id="?", ordering_key="?")
_INSERT_DELIVERY: Final = "INSERT INTO amphibus_delivery VALUES (?, ?, ?)"
_DELETE_DELIVERY: Final = "DELETE FROM amphibus_delivery WHERE destination = ? AND seq = ?"

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

    async def many(self, statement: str, values: Sequence[Row]) -> None:
        """Runs a statement once for each row of values."""
        ...

    async def prior_outcomes(self, messages: Sequence[Identified]) -> list[Row | None]:
        """What stands against running each of some messages; see `prior_outcome`."""
        ...

    async def flush(self, write_set: WriteSet) -> list[int]:
        """Writes what a commit has to record; returns the numbers of its outbox rows, in their order."""
        ...


class SqliteSql:
    """Calls SQLite from the event loop; never waits for anything but the disk."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw

    async def run(self, statement: str, *values: Any) -> int:
        """Runs a statement; returns the number of rows that it changed."""
        return self.raw.execute(statement, values).rowcount

    async def rows(self, statement: str, *values: Any) -> list[Row]:
        """All rows of a query."""
        return self.raw.execute(statement, values).fetchall()

    async def row(self, statement: str, *values: Any) -> Row | None:
        """Its first row."""
        found: Row | None = self.raw.execute(statement, values).fetchone()
        return found

    async def many(self, statement: str, values: Sequence[Row]) -> None:
        """Runs a statement once for each row of values."""
        self.raw.executemany(statement, values)

    async def prior_outcomes(self, messages: Sequence[Identified]) -> list[Row | None]:
        """What stands against running each of some messages."""
        execute = self.raw.execute
        return [
            execute(
                _PRIOR_OUTCOME, (source, identity, source, identity, ordering_key, ordering_key)
            ).fetchone()
            for source, identity, ordering_key in messages
        ]

    async def flush(self, write_set: WriteSet) -> list[int]:
        """Writes what a commit has to record; returns the numbers of its outbox rows, in their order."""
        execute, many = self.raw.execute, self.raw.executemany
        numbers, deliveries = [], []
        for row, destinations, partition in write_set.outbox:
            seq = execute(INSERT_OUTBOX, row).lastrowid or 0
            numbers.append(seq)
            deliveries += [(destination, seq, partition) for destination in destinations]
        many(_INSERT_DELIVERY, deliveries)
        many(INSERT_INBOX, write_set.inbox)
        many(_DELETE_DELIVERY, write_set.acks)
        if write_set.timers:
            many(ARM_TIMER, write_set.armed)
            many(DISARM_TIMER, write_set.disarmed)
        return numbers
