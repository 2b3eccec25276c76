"""The audit: acts of operators, each in the transaction of its effect, and refusals.

Every statement on `amphibus_audit` stands here.

Each entry has a hash over itself and the hash of the one before it, so that none is changed, added between or taken
out unseen; the last is noted among the facts, so that none is cut off.
"""

import hashlib
import json
from typing import Final, NamedTuple

from amphibus.access.refusal_counts import Refusal
from amphibus.database.facts import audit_head, move_audit_head
from amphibus.database.sql import Sql
from amphibus.database.write_set import Row
from amphibus.messages.contracts.amphibus.acting import Operator

_COLUMNS: Final = "number, at, who, principal, what, object, reason, count, hash"


class Act(NamedTuple):
    """Something that an operator did, that was done for one, or that was refused."""

    at: int
    who: str
    principal: str | None
    what: str
    object: str
    reason: str
    times: int


class Entry(NamedTuple):
    """An act as it stands in the audit."""

    number: int
    act: Act
    hash: str


def hash_over(before: str, number: int, act: Act) -> str:
    """Returns the hash of an entry that follows the one with that hash."""
    text = json.dumps([before, number, *act], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


async def note_act(sql: Sql, act: Act) -> None:
    """Adds an entry, in the transaction of what it tells of."""
    last, before = await audit_head(sql)
    number, digest = last + 1, hash_over(before, last + 1, act)
    await move_audit_head(sql, number, digest)
    await sql.run(
        f"INSERT INTO amphibus_audit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        number,
        *act,
        digest,
    )


def by(operator: Operator, at: int, what: str, object_: str, reason: str, count: int) -> Act:
    """Returns an act of an operator."""
    return Act(at, operator.who, operator.principal, what, object_, reason, count)


def refused(refusal: Refusal, at: int, times: int = 1) -> Act:
    """Returns what stands in the audit of something that was refused so often since the entry before."""
    what, who, object_, why, principal = refusal
    return Act(at, who, principal, what, object_, why, times)


async def entries_beyond(sql: Sql, number: int, *, limit: int) -> list[Entry]:
    """Returns a page of the entries beyond a number."""
    return _entries(
        await sql.rows(
            f"SELECT {_COLUMNS} FROM amphibus_audit WHERE number > ? ORDER BY number LIMIT ?",
            number,
            limit,
        )
    )


async def entries_before(sql: Sql, number: int, *, limit: int) -> list[Entry]:
    """Returns the newest entries before a number, newest first."""
    return _entries(
        await sql.rows(
            f"SELECT {_COLUMNS} FROM amphibus_audit WHERE number < ? ORDER BY number DESC LIMIT ?",
            number,
            limit,
        )
    )


def _entries(rows: list[Row]) -> list[Entry]:
    return [Entry(row[0], Act(*tuple(row)[1:-1]), row[-1]) for row in rows]
