"""Messages that wait for a retry, and those behind them. Every statement on `amphibus_delayed` stands here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from amphibus.database.envelope_rows import ENVELOPE, columns_of, envelope_of
from amphibus.database.sql import Sql
from amphibus.database.timers import NEVER
from amphibus.messages.envelope import Envelope

DELAYED: Final = "SELECT id, type, key, attempts, due, error FROM amphibus_delayed ORDER BY seq"
"""All of them, in the order in which they were delayed."""

_INSERT: Final = (
    f"INSERT INTO amphibus_delayed (ordering_key, {ENVELOPE},"
    " received, attempts, tries, due, late, error, partition)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, id) DO NOTHING"
)
_RELEASE: Final = """
    UPDATE amphibus_delayed SET due = ?
    WHERE due IS NULL AND seq = (SELECT min(seq) FROM amphibus_delayed WHERE ordering_key = ?)
      AND NOT EXISTS (SELECT 1 FROM amphibus_dead WHERE ordering_key = ? AND blocks = 1)
"""
# An instance may have delayed it again while another one handled it.
_SETTLED_MEANWHILE: Final = """
    SELECT EXISTS (SELECT 1 FROM amphibus_inbox AS done WHERE done.source = waiting.source AND done.id = waiting.id)
    FROM amphibus_delayed AS waiting WHERE seq = ?
"""


@dataclass(frozen=True, slots=True)
class DelayedMessage:
    """A delayed message that is due."""

    seq: int
    envelope: Envelope
    received: int
    attempts: int
    """Attempts spent."""
    tries: int
    """Times that it was delayed, spent or not; the backoff grows with them."""
    partition: int


class Revived(NamedTuple):
    """A dead letter that is tried again."""

    message: Envelope
    received: int
    due: int | None
    """None where it waits behind another message of its ordering key."""
    error: str
    """Of its death."""
    partition: int


async def store_delayed(
    sql: Sql,
    envelope: Envelope,
    *,
    received: int,
    attempts: int,
    tries: int,
    due: int | None,
    error: str,
    partition: int,
) -> None:
    """Stores a message for later; without `due` it waits behind another of its ordering key."""
    row = (
        envelope.ordering_key,
        *columns_of(envelope),
        received,
        attempts,
        tries,
        due,
        int(envelope.late),
        error,
        partition,
    )
    await sql.run(_INSERT, *row)


async def store_revived(sql: Sql, revived: Sequence[Revived]) -> None:
    """Stores dead letters for a first attempt of all that they have again."""
    rows = [
        (
            each.message.ordering_key,
            *columns_of(each.message),
            each.received,
            0,
            0,
            each.due,
            int(each.message.late),
            each.error,
            each.partition,
        )
        for each in revived
    ]
    await sql.many(_INSERT, rows)


async def delay_again(
    sql: Sql, seq: int, *, attempts: int, tries: int, due: int, error: str
) -> None:
    """Sets the next attempt of a message that is delayed already."""
    await sql.run(
        "UPDATE amphibus_delayed SET attempts = ?, tries = ?, due = ?, error = ? WHERE seq = ?",
        attempts,
        tries,
        due,
        error,
        seq,
    )


async def remove_delayed(sql: Sql, seq: int, ordering_key: str, now: int) -> bool:
    """Removes a delayed message and releases the next of its ordering key; returns whether there was one."""
    await sql.run("DELETE FROM amphibus_delayed WHERE seq = ?", seq)
    return await release_next(sql, ordering_key, now)


async def release_next(sql: Sql, ordering_key: str, now: int) -> bool:
    """Makes the oldest message that waits of an ordering key due, unless another of it is, or a dead one blocks it."""
    return await sql.run(_RELEASE, now, ordering_key, ordering_key) > 0


async def settled_meanwhile(sql: Sql, seq: int) -> bool | None:
    """Returns whether a delayed message was handled elsewhere since; None if it is not delayed any more."""
    row = await sql.row(_SETTLED_MEANWHILE, seq)
    return None if row is None else bool(row[0])


async def keys_ahead(sql: Sql, ordering_keys: Iterable[str]) -> dict[str, int]:
    """Returns those ordering keys of which something is due, each with the time of what was sent last of it."""
    asked = sorted(set(ordering_keys))
    rows = await sql.rows(
        "SELECT ordering_key, max(time) FROM amphibus_delayed WHERE due IS NOT NULL"
        f" AND ordering_key IN ({', '.join('?' * len(asked))}) GROUP BY ordering_key",
        *asked,
    )
    return {row[0]: row[1] for row in rows}


async def due_now(sql: Sql, now: int, *, limit: int, only: str) -> list[DelayedMessage]:
    """Delayed messages whose time has come, longest due first; `only` narrows to some partitions."""
    rows = await sql.rows(
        f"SELECT seq, received, attempts, tries, late, partition, {ENVELOPE} FROM amphibus_delayed"
        f" WHERE due IS NOT NULL AND due <= ?{only} ORDER BY due LIMIT ?",
        now,
        limit,
    )
    return [_delayed(*row) for row in rows]


async def next_due(sql: Sql, only: str) -> int | None:
    """Returns when the next delayed message, timer or later command is due; `only` narrows to some partitions."""
    row = await sql.row(
        "SELECT min(due) FROM (SELECT min(due) AS due FROM amphibus_delayed WHERE due IS NOT NULL"
        f"{only} UNION ALL SELECT min(due) FROM amphibus_timer WHERE due < {NEVER}{only}"
        f" UNION ALL SELECT min(due) FROM amphibus_later WHERE 1 = 1{only}) AS dues"
    )
    return None if row is None or row[0] is None else int(row[0])


async def oldest_delayed(sql: Sql) -> int | None:
    """Returns when the first of the delayed messages was received: it may come again by itself."""
    row = await sql.row("SELECT received FROM amphibus_delayed ORDER BY seq LIMIT 1")
    return None if row is None else int(row[0])


def _delayed(
    seq: int, received: int, attempts: int, tries: int, late: int, partition: int, *envelope: Any
) -> DelayedMessage:
    return DelayedMessage(
        seq, envelope_of(envelope, late=bool(late)), received, attempts, tries, partition
    )
