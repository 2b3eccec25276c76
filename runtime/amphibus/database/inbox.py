"""The inbox: what a module has handled. Every statement on `amphibus_inbox` stands here."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from amphibus.database.envelope_rows import ENVELOPE, columns_of
from amphibus.database.facts import note_forgotten
from amphibus.database.sql import Sql
from amphibus.database.write_set import Row
from amphibus.messages.envelope import Envelope

INSERT_INBOX: Final = (
    f"INSERT INTO amphibus_inbox ({ENVELOPE}, received, handled, attempts, outcome, answer)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
PRIOR_OUTCOME: Final = """
    SELECT outcome, answer FROM amphibus_inbox WHERE source = {source} AND id = {id}
    UNION ALL SELECT 'dead', NULL FROM amphibus_dead WHERE source = {source} AND id = {id}
    UNION ALL SELECT 'waits', NULL FROM amphibus_delayed WHERE ordering_key = {ordering_key}
    UNION ALL SELECT 'waits', NULL FROM amphibus_dead WHERE ordering_key = {ordering_key} AND blocks = 1
    LIMIT 1
"""
"""What stands against running a message of this source, id and ordering key."""

HANDLED: Final = (
    "SELECT id, source, type, key, outcome, attempts, correlation, causation, trace"
    " FROM amphibus_inbox ORDER BY seq"
)
"""All that was handled, in order."""

_SETTLED: Final = (
    "SELECT 1 FROM amphibus_inbox WHERE source = ? AND id = ?"
    " UNION ALL SELECT 1 FROM amphibus_dead WHERE source = ? AND id = ?"
)
_FORGET_BODIES: Final = (
    "UPDATE amphibus_inbox SET body = NULL WHERE seq IN (SELECT seq FROM amphibus_inbox"
    " WHERE handled < ? AND body IS NOT NULL ORDER BY handled LIMIT ?)"
)
# From the front of the table, so that a long history costs nothing.
_PRUNE: Final = (
    "DELETE FROM amphibus_inbox WHERE seq IN (SELECT seq FROM amphibus_inbox ORDER BY seq LIMIT ?)"
    " AND handled < ?"
)


_SKEW: Final = 60_000_000
"""Microseconds by which the order of the rows may differ from that of the times in them."""


class HandledMessage(NamedTuple):
    """A row of the inbox."""

    seq: int
    source: str
    key: str | None
    time: int
    handled: int


def inbox_row(
    envelope: Envelope,
    *,
    received: int,
    handled: int,
    attempts: int,
    outcome: str,
    answer: bytes | None = None,
    keeps_body: bool = True,
) -> Row:
    """The row of a message that was handled, for a commit to write."""
    *columns, body = columns_of(envelope)
    kept = body if keeps_body else None
    return (*columns, kept, received, handled, attempts, outcome, answer)


async def insert_inbox(sql: Sql, rows: Sequence[Row]) -> None:
    """Writes such rows at once."""
    await sql.many(INSERT_INBOX, rows)


async def prior_outcome(sql: Sql, envelope: Envelope) -> Row | None:
    """Returns what stands against running a message, or None.

    Its outcome and answer if it was handled, `dead` if it is a dead letter, `waits` if another of its ordering key is
    delayed, or dead and blocks it.
    """
    return (await sql.prior_outcomes([(envelope.source, envelope.id, envelope.ordering_key)]))[0]


async def is_settled(sql: Sql, source: str, identity: str) -> bool:
    """Returns whether a message was handled or is dead."""
    return await sql.row(_SETTLED, source, identity, source, identity) is not None


async def is_handled(sql: Sql, source: str, identity: str) -> bool:
    """Returns whether a message was handled."""
    found = await sql.row(
        "SELECT 1 FROM amphibus_inbox WHERE source = ? AND id = ?", source, identity
    )
    return found is not None


async def handled_among(sql: Sql, source: str, ids: Sequence[str]) -> set[str]:
    """Returns which messages of a source were handled."""
    marks = ", ".join("?" * len(ids))
    rows = await sql.rows(
        f"SELECT id FROM amphibus_inbox WHERE source = ? AND id IN ({marks})", source, *ids
    )
    return {row[0] for row in rows}


async def forget(sql: Sql, source: str, ids: Sequence[str]) -> None:
    """Forgets that messages of a source were handled: if they come again, they are handled again."""
    await sql.many(
        "DELETE FROM amphibus_inbox WHERE source = ? AND id = ?", [(source, each) for each in ids]
    )


async def arrived(sql: Sql, source: str, ids: Sequence[str]) -> set[str]:
    """Returns which messages of a source a module has: handled, delayed or dead."""
    among = f"WHERE source = ? AND id IN ({', '.join('?' * len(ids))})"
    rows = await sql.rows(
        f"SELECT id FROM amphibus_inbox {among} UNION ALL SELECT id FROM amphibus_delayed {among}"
        f" UNION ALL SELECT id FROM amphibus_dead {among}",
        *(source, *ids) * 3,
    )
    return {row[0] for row in rows}


async def body_handled(sql: Sql, source: str, identity: str) -> bytes | None:
    """The body of a message that was handled, while it is kept."""
    row = await sql.row(
        "SELECT body FROM amphibus_inbox WHERE source = ? AND id = ?", source, identity
    )
    return None if row is None else row[0]


async def number_before(sql: Sql, handled: int) -> int:
    """Returns a number before all rows of what was handled since a time, and not long before them."""
    row = await sql.row(
        "SELECT seq FROM amphibus_inbox WHERE handled >= ? ORDER BY handled LIMIT 1",
        handled - _SKEW,
    )
    if row is not None:
        return int(row[0]) - 1
    ((newest,),) = await sql.rows("SELECT max(seq) FROM amphibus_inbox")
    return int(newest or 0)


async def handled_beyond(sql: Sql, number: int, *, limit: int) -> list[HandledMessage]:
    """Returns a page of what was handled beyond a number."""
    rows = await sql.rows(
        "SELECT seq, source, key, time, handled FROM amphibus_inbox WHERE seq > ? ORDER BY seq LIMIT ?",
        number,
        limit,
    )
    return [HandledMessage(*row) for row in rows]


async def forget_bodies(sql: Sql, *, before: int, limit: int) -> int:
    """Drops the bodies of what was handled before a time; returns how many."""
    return await sql.run(_FORGET_BODIES, before, limit)


async def prune_inbox(sql: Sql, *, before: int, slack: int, limit: int) -> int:
    """Removes rows of what was handled before a time, oldest first; returns how many.

    Notes with them how far the inbox has forgotten: no repetition from before then is believed to be new, for however
    long it remembers from now on. `slack` is how far the clock of a sender may be ahead.
    """
    rows = await sql.run(_PRUNE, limit, before)
    if rows:
        await note_forgotten(sql, before + slack)
    return rows
