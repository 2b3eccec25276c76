"""Messages that wait for a retry, those that wait behind them, and the dead ones: in their receiver's database."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from amphibus.clock import SECOND
from amphibus.config.settings import BusSettings
from amphibus.database.envelope_rows import ENVELOPE, columns_of, envelope_of
from amphibus.database.sql import Sql
from amphibus.database.write_set import Row
from amphibus.messages.envelope import Envelope
from amphibus.messages.failure import Failure


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


def backoff(settings: BusSettings, tries: int) -> int:
    """Microseconds until the next attempt: exponential, capped, spread by jitter."""
    seconds = min(
        settings.retry_limit_seconds,
        settings.retry_first_seconds * settings.retry_factor ** min(tries, 64),
    )
    spread = 1 + settings.retry_jitter * (2 * random.random() - 1)
    return int(seconds * spread * SECOND)


async def prior_outcome(sql: Sql, envelope: Envelope) -> Row | None:
    """What stands against running a message, if anything does.

    Its outcome and answer if it was handled, `dead` if it is a dead letter, `waits` if another of its ordering key is
    delayed, or dead and blocks it.
    """
    return (await sql.prior_outcomes([(envelope.source, envelope.id, envelope.ordering_key)]))[0]


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
    await sql.run(
        f"INSERT INTO amphibus_delayed (ordering_key, {ENVELOPE},"
        " received, attempts, tries, due, late, error, partition)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, id) DO NOTHING",
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


async def remove_delayed(sql: Sql, seq: int, ordering_key: str, now: int, *, promote: bool) -> bool:
    """Removes a delayed message; the next one of its ordering key becomes due. Says whether there was one."""
    await sql.run("DELETE FROM amphibus_delayed WHERE seq = ?", seq)
    return await release_next(sql, ordering_key, now) if promote else False


async def release_next(sql: Sql, ordering_key: str, now: int) -> bool:
    """Makes the oldest message that waits of an ordering key due, unless another one of it is."""
    changed = await sql.run(
        "UPDATE amphibus_delayed SET due = ? WHERE seq = (SELECT min(seq) FROM amphibus_delayed WHERE ordering_key = ?)"
        " AND due IS NULL",
        now,
        ordering_key,
    )
    return changed > 0


async def store_dead(
    sql: Sql,
    envelope: Envelope,
    failure: Failure,
    *,
    received: int,
    attempts: int,
    now: int,
    blocks: bool,
) -> None:
    """Writes a dead letter."""
    await sql.run(
        f"INSERT INTO amphibus_dead (ordering_key, {ENVELOPE},"
        " received, attempts, died, reason, error, traceback, blocks)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, id) DO NOTHING",
        envelope.ordering_key,
        *columns_of(envelope),
        received,
        attempts,
        now,
        failure.reason,
        failure.error,
        failure.traceback,
        int(blocks),
    )


async def due_now(sql: Sql, now: int, *, limit: int, only: str) -> list[DelayedMessage]:
    """Delayed messages whose time has come, longest due first; `only` narrows to some partitions."""
    rows = await sql.rows(
        f"SELECT {ENVELOPE}, seq, received, attempts, tries, late, partition FROM amphibus_delayed"
        f" WHERE due IS NOT NULL AND due <= ?{only} ORDER BY due LIMIT ?",
        now,
        limit,
    )
    return [_delayed(row) for row in rows]


async def next_due(sql: Sql, only: str) -> int | None:
    """When the next delayed message or timer is due; `only` narrows to some partitions."""
    row = await sql.row(
        "SELECT min(due) FROM (SELECT min(due) AS due FROM amphibus_delayed WHERE due IS NOT NULL"
        f"{only} UNION ALL SELECT min(due) FROM amphibus_timer WHERE due IS NOT NULL{only}) AS dues"
    )
    return None if row is None or row[0] is None else int(row[0])


def _delayed(row: Sequence[Any]) -> DelayedMessage:
    return DelayedMessage(
        seq=row[11],
        envelope=envelope_of(row, late=bool(row[15])),
        received=row[12],
        attempts=row[13],
        tries=row[14],
        partition=row[16],
    )
