"""Messages that wait for a retry, those that wait behind them, and the dead ones: in their receiver's database."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from amphibus.clock import SECOND
from amphibus.config.settings import BusSettings
from amphibus.database.envelope_rows import columns_of, envelope_of
from amphibus.database.sql import Sql
from amphibus.database.tables import ENVELOPE
from amphibus.database.write_set import Row
from amphibus.messages.envelope import Envelope


@dataclass(frozen=True, slots=True)
class Parked:
    """A parked message that is due."""

    seq: int
    envelope: Envelope
    received: int
    attempts: int
    """Attempts spent."""
    tries: int
    """Times that it was parked, spent or not; the backoff grows with them."""
    part: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed, as it is kept: text without personal data."""

    reason: str
    error: str
    traceback: str = ""
    retry_after: float | None = None


def backoff(settings: BusSettings, tries: int) -> int:
    """Microseconds until the next attempt: exponential, capped, spread by jitter."""
    seconds = min(
        settings.retry_limit_seconds,
        settings.retry_first_seconds * settings.retry_factor ** min(tries, 64),
    )
    spread = 1 + settings.retry_jitter * (2 * random.random() - 1)
    return int(seconds * spread * SECOND)


async def past_of(sql: Sql, envelope: Envelope) -> Row | None:
    """What stands against running a message, if anything does.

    Its outcome and answer if it was handled, `dead` if it is a dead letter, `waits` if another one of its lane is
    parked, or dead and blocks it.
    """
    return (await sql.pasts([(envelope.source, envelope.id, envelope.lane)]))[0]


async def park(
    sql: Sql,
    envelope: Envelope,
    *,
    received: int,
    attempts: int,
    tries: int,
    due: int | None,
    error: str,
    part: int,
) -> None:
    """Stores a message for later; without `due` it waits behind another of its lane."""
    await sql.run(
        f"INSERT INTO amphibus_parked (lane, {ENVELOPE}, received, attempts, tries, due, late, error, part)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, id) DO NOTHING",
        envelope.lane,
        *columns_of(envelope),
        received,
        attempts,
        tries,
        due,
        int(envelope.late),
        error,
        part,
    )


async def repark(sql: Sql, seq: int, *, attempts: int, tries: int, due: int, error: str) -> None:
    """Sets the next attempt of a message that is parked already."""
    await sql.run(
        "UPDATE amphibus_parked SET attempts = ?, tries = ?, due = ?, error = ? WHERE seq = ?",
        attempts,
        tries,
        due,
        error,
        seq,
    )


async def unpark(sql: Sql, seq: int, lane: str, now: int, *, promote: bool) -> bool:
    """Removes a parked message; the next one of its lane becomes due. Says whether there was one."""
    await sql.run("DELETE FROM amphibus_parked WHERE seq = ?", seq)
    return await promote_next(sql, lane, now) if promote else False


async def promote_next(sql: Sql, lane: str, now: int) -> bool:
    """Makes the oldest message that waits in a lane due, unless another one of it is."""
    changed = await sql.run(
        "UPDATE amphibus_parked SET due = ? WHERE seq = (SELECT min(seq) FROM amphibus_parked WHERE lane = ?)"
        " AND due IS NULL",
        now,
        lane,
    )
    return changed > 0


async def bury(
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
        f"INSERT INTO amphibus_dead (lane, {ENVELOPE}, received, attempts, died, reason, error, traceback, blocks)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, id) DO NOTHING",
        envelope.lane,
        *columns_of(envelope),
        received,
        attempts,
        now,
        failure.reason,
        failure.error,
        failure.traceback,
        int(blocks),
    )


async def due_now(sql: Sql, now: int, *, limit: int, only: str) -> list[Parked]:
    """Parked messages whose time has come, longest due first; `only` narrows to some partitions."""
    rows = await sql.rows(
        f"SELECT {ENVELOPE}, seq, received, attempts, tries, late, part FROM amphibus_parked"
        f" WHERE due IS NOT NULL AND due <= ?{only} ORDER BY due LIMIT ?",
        now,
        limit,
    )
    return [_parked(row) for row in rows]


async def next_due(sql: Sql, only: str) -> int | None:
    """When the next parked message or timer is due; `only` narrows to some partitions."""
    row = await sql.row(
        "SELECT min(due) FROM (SELECT min(due) AS due FROM amphibus_parked WHERE due IS NOT NULL"
        f"{only} UNION ALL SELECT min(due) FROM amphibus_timer WHERE due IS NOT NULL{only}) AS dues"
    )
    return None if row is None or row[0] is None else int(row[0])


def _parked(row: Sequence[Any]) -> Parked:
    return Parked(
        seq=row[11],
        envelope=envelope_of(row, late=bool(row[15])),
        received=row[12],
        attempts=row[13],
        tries=row[14],
        part=row[16],
    )
