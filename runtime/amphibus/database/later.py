"""Commands that are sent later. Every statement on `amphibus_later` stands here."""

from dataclasses import dataclass
from typing import Any, Final

from amphibus.database.envelope_rows import ENVELOPE, columns_of, envelope_of
from amphibus.database.sql import Sql
from amphibus.database.write_set import Row
from amphibus.messages.envelope import Envelope

_COLUMNS: Final = f"name, recall_key, due, destination, partition, {ENVELOPE}"
_REPLACED: Final = _COLUMNS.split(", ")[2:]
KEEP_LATER: Final = (
    f"INSERT INTO amphibus_later ({_COLUMNS}) VALUES ({', '.join('?' * len(_COLUMNS.split(', ')))})"
    f" ON CONFLICT (name, recall_key) DO UPDATE SET {', '.join(f'{each} = excluded.{each}' for each in _REPLACED)}"
)
RECALL: Final = "DELETE FROM amphibus_later WHERE name = ? AND recall_key = ?"
LATER: Final = "SELECT name, recall_key AS key, due, id, type FROM amphibus_later ORDER BY due, id"
"""All of them, in the order in which they are due."""


@dataclass(frozen=True, slots=True)
class LaterCommand:
    """A command that waits until it is due. Name and key are those that it is recalled by."""

    name: str
    key: str
    due: int
    destination: str
    partition: int
    envelope: Envelope

    @property
    def row(self) -> Row:
        """The columns of its table."""
        own = (self.name, self.key, self.due, self.destination, self.partition)
        return (*own, *columns_of(self.envelope))


async def later_due(sql: Sql, now: int, *, limit: int, only: str) -> list[LaterCommand]:
    """Commands whose time has come, longest due first; `only` narrows to some partitions."""
    rows = await sql.rows(
        f"SELECT {_COLUMNS} FROM amphibus_later WHERE due <= ?{only} ORDER BY due, id LIMIT ?",
        now,
        limit,
    )
    return [_later(*row) for row in rows]


async def take_later(sql: Sql, command: LaterCommand) -> bool:
    """Removes a command; returns False if it was sent, recalled or replaced meanwhile."""
    return await sql.run(f"{RECALL} AND id = ?", command.name, command.key, command.envelope.id) > 0


def _later(
    name: str, key: str, due: int, destination: str, partition: int, *envelope: Any
) -> LaterCommand:
    return LaterCommand(name, key, due, destination, partition, envelope_of(envelope))
