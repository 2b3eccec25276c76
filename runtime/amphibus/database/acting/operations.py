"""Operations on many dead letters. Every statement on `amphibus_operation` and `amphibus_operation_letter` is here."""

import json
from collections.abc import Sequence
from typing import Final, NamedTuple

from amphibus.database.acting.dead import FoundLetter
from amphibus.database.sql import Sql
from amphibus.messages.contracts.amphibus.acting import Condition

_COLUMNS: Final = (
    "id, kind, state, conditions, most, per_second, who, reason, began, ended, upto, collected,"
    " total, done, skipped"
)
_OUTCOMES: Final = """
    SELECT
        (SELECT count(*) FROM amphibus_operation_letter AS l WHERE operation = ? AND state = 'done' AND EXISTS (
            SELECT 1 FROM amphibus_dead AS d WHERE d.source = l.source AND d.id = l.id)),
        (SELECT count(*) FROM amphibus_operation_letter AS l WHERE operation = ? AND state = 'done' AND EXISTS (
            SELECT 1 FROM amphibus_delayed AS d WHERE d.source = l.source AND d.id = l.id))
"""
_OLD: Final = "SELECT id FROM amphibus_operation WHERE state = 'done' AND ended < ?"


class Operation(NamedTuple):
    """A row of the table, in the order of its columns."""

    id: str
    kind: str
    state: str
    conditions: str
    most: int | None
    per_second: float | None
    who: str
    reason: str
    began: int
    ended: int | None
    upto: int
    collected: int
    total: int
    done: int
    skipped: int

    @property
    def where(self) -> tuple[Condition, ...]:
        """The conditions of its letters."""
        return tuple(Condition.model_validate(each) for each in json.loads(self.conditions))

    @property
    def collecting(self) -> bool:
        """True until all its letters are known."""
        return self.collected < self.upto


class Outcomes(NamedTuple):
    """The number of letters that an operation had tried again, and are dead again or wait."""

    again: int
    waiting: int


def conditions_as_text(where: Sequence[Condition]) -> str:
    """Returns conditions as they are kept."""
    return json.dumps([each.model_dump() for each in where])


async def insert_operation(sql: Sql, operation: Operation) -> bool:
    """Writes an operation down; returns False if there is one of its id."""
    marks = ", ".join("?" * len(operation))
    changed = await sql.run(
        f"INSERT INTO amphibus_operation ({_COLUMNS}) VALUES ({marks}) ON CONFLICT (id) DO NOTHING",
        *operation,
    )
    return changed == 1


async def operation_of(sql: Sql, identity: str) -> Operation | None:
    """Returns an operation, or None."""
    row = await sql.row(f"SELECT {_COLUMNS} FROM amphibus_operation WHERE id = ?", identity)
    return None if row is None else Operation(*row)


async def newest_operations(sql: Sql, *, limit: int) -> list[Operation]:
    """Returns the newest operations, newest first."""
    rows = await sql.rows(
        f"SELECT {_COLUMNS} FROM amphibus_operation ORDER BY began DESC, id DESC LIMIT ?", limit
    )
    return [Operation(*row) for row in rows]


async def running_operations(sql: Sql) -> list[Operation]:
    """Returns those that go on, oldest first."""
    rows = await sql.rows(
        f"SELECT {_COLUMNS} FROM amphibus_operation WHERE state = 'running' ORDER BY began, id"
    )
    return [Operation(*row) for row in rows]


async def set_state(sql: Sql, identity: str, state: str, ended: int | None = None) -> None:
    """Lets it go on, stop or end."""
    await sql.run(
        "UPDATE amphibus_operation SET state = ?, ended = ? WHERE id = ?", state, ended, identity
    )


async def set_rate(sql: Sql, identity: str, per_second: float) -> None:
    """Gives it another rate."""
    await sql.run("UPDATE amphibus_operation SET per_second = ? WHERE id = ?", per_second, identity)


async def add_letters(
    sql: Sql, operation: Operation, letters: Sequence[FoundLetter], collected: int
) -> None:
    """Adds letters to the set of an operation, which has looked up to a number by now."""
    await sql.many(
        "INSERT INTO amphibus_operation_letter (operation, seq, id, source, key, time, died, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 'left')",
        [(operation.id, *each) for each in letters],
    )
    await sql.run(
        "UPDATE amphibus_operation SET collected = ?, total = total + ? WHERE id = ?",
        collected,
        len(letters),
        operation.id,
    )


async def letters_left(sql: Sql, identity: str, *, limit: int) -> list[FoundLetter]:
    """Returns letters that it has not come to, in the order in which they were sent."""
    rows = await sql.rows(
        "SELECT seq, id, source, key, time, died FROM amphibus_operation_letter"
        " WHERE operation = ? AND state = 'left' ORDER BY time, seq LIMIT ?",
        identity,
        limit,
    )
    return [FoundLetter(*row) for row in rows]


async def mark_letters(
    sql: Sql, identity: str, *, done: Sequence[int], skipped: Sequence[int]
) -> None:
    """Notes what it did with some letters, in the transaction in which it did it."""
    rows = [("done", identity, each) for each in done]
    rows += [("skipped", identity, each) for each in skipped]
    await sql.many(
        "UPDATE amphibus_operation_letter SET state = ? WHERE operation = ? AND seq = ?", rows
    )
    await sql.run(
        "UPDATE amphibus_operation SET done = done + ?, skipped = skipped + ? WHERE id = ?",
        len(done),
        len(skipped),
        identity,
    )


async def outcomes_of(sql: Sql, identity: str) -> Outcomes:
    """Counts what became of the letters that it had tried again."""
    row = await sql.row(_OUTCOMES, identity, identity)
    return Outcomes(*(row or (0, 0)))


async def prune_operations(sql: Sql, *, before: int, limit: int) -> int:
    """Forgets the letters of operations that ended before a time, then these; returns how many rows."""
    rows = await sql.run(
        "DELETE FROM amphibus_operation_letter WHERE (operation, seq) IN (SELECT operation, seq"
        f" FROM amphibus_operation_letter WHERE operation IN ({_OLD}) LIMIT ?)",
        before,
        limit,
    )
    return rows or await sql.run(
        "DELETE FROM amphibus_operation WHERE state = 'done' AND ended < ?", before
    )
