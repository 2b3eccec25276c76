"""The runtime's statements on its own tables in SQLite, called from the event loop: they wait for the disk alone."""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from amphibus.database.inbox import INSERT_INBOX, PRIOR_OUTCOME
from amphibus.database.later import KEEP_LATER, RECALL
from amphibus.database.outbox import DELETE_DELIVERY, INSERT_DELIVERY, INSERT_OUTBOX
from amphibus.database.sql import Identified
from amphibus.database.steering.processes import END_PROCESS, ENTER_STATE
from amphibus.database.timers import ARM_TIMER, DISARM_TIMER
from amphibus.database.write_set import Row, WriteSet

_SIZE: Final = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
_PRIOR_OUTCOME: Final = PRIOR_OUTCOME.format(source="?", id="?", ordering_key="?")


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

    async def has_table(self, name: str) -> bool:
        """Returns whether the module has a table of that name."""
        return await self.row("SELECT 1 FROM sqlite_master WHERE name = ?", name) is not None

    async def size(self) -> int:
        """Returns the bytes that the database takes, with its indexes."""
        row = await self.row(_SIZE)
        return int(row[0]) if row else 0

    async def many(self, statement: str, values: Sequence[Row]) -> None:
        """Runs a statement once for each row of values."""
        self.raw.executemany(statement, values)

    async def prior_outcomes(self, messages: Sequence[Identified]) -> list[Row | None]:
        """Returns what stands against running each of some messages."""
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
        many(INSERT_DELIVERY, deliveries)
        many(INSERT_INBOX, write_set.inbox)
        many(DELETE_DELIVERY, write_set.acks)
        if write_set.timers:
            many(ARM_TIMER, write_set.armed)
            many(DISARM_TIMER, write_set.disarmed)
        if write_set.later:
            many(KEEP_LATER, write_set.kept_for_later)
            many(RECALL, write_set.recalled)
        if write_set.moved:
            many(ENTER_STATE, write_set.states_entered)
            many(END_PROCESS, write_set.processes_ended)
        return numbers
