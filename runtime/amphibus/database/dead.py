"""Messages that used up their retries, or that nobody could read. Every statement on `amphibus_dead` stands here."""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from amphibus.database.envelope_rows import ENVELOPE, columns_of, envelope_of
from amphibus.database.sql import Sql
from amphibus.messages.envelope import Envelope
from amphibus.messages.failure import Failure

DEAD: Final = "SELECT id, type, key, reason, error, attempts, traceback FROM amphibus_dead"
"""All of them."""

_INSERT: Final = (
    f"INSERT INTO amphibus_dead (ordering_key, {ENVELOPE},"
    " received, attempts, died, reason, error, traceback, blocks)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, id) DO NOTHING"
)
# From the front of the table, so that many that are kept cost nothing.
_OLD: Final = (
    "SELECT seq FROM (SELECT seq, died FROM amphibus_dead WHERE blocks = 0 ORDER BY seq LIMIT ?)"
    " AS oldest WHERE died < ?"
)
_GIVE_UP_OLD: Final = (
    f"INSERT INTO amphibus_inbox ({ENVELOPE}, received, handled, attempts, outcome, answer)"
    f" SELECT {ENVELOPE}, received, ?, attempts, 'discarded', NULL FROM amphibus_dead"
    f" WHERE seq IN ({_OLD}) ON CONFLICT (source, id) DO NOTHING"
)
_PRUNE: Final = f"DELETE FROM amphibus_dead WHERE seq IN ({_OLD})"
_LETTER: Final = (
    "seq, ordering_key, id, type, source, key, time, correlation, received, attempts, died,"
    " reason, error, blocks"
)


class LetterFacts(NamedTuple):
    """A message that used up its retries, or that nobody could read; without its payload and its traceback."""

    seq: int
    ordering_key: str
    id: str
    type: str
    source: str
    key: str | None
    time: int
    correlation: str
    received: int
    attempts: int
    died: int
    reason: str
    error: str
    blocks: bool


class Letter(Protocol):
    """The names that a dead letter is found by."""

    @property
    def seq(self) -> int:
        """Its number in the table."""
        ...

    @property
    def id(self) -> str:
        """The id of its message."""
        ...


class LetterPlace(NamedTuple):
    """A place in the order of a module's dead letters."""

    died: int
    id: str


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
        _INSERT,
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


async def dead_page(
    sql: Sql,
    *,
    ids: Sequence[str] = (),
    contract: str | None = None,
    after: LetterPlace,
    limit: int,
) -> list[LetterFacts]:
    """Letters after a place, in the order in which they died; of these ids and this type only, where given."""
    conditions = ""
    values: list[str] = []
    if ids:
        conditions += f" AND id IN ({', '.join('?' * len(ids))})"
        values += ids
    if contract is not None:
        conditions += " AND type = ?"
        values.append(contract)
    rows = await sql.rows(
        f"SELECT {_LETTER} FROM amphibus_dead WHERE (died, id) > (?, ?){conditions}"
        " ORDER BY died, id LIMIT ?",
        *after,
        *values,
        limit,
    )
    return [LetterFacts._make((*tuple(row)[:-1], bool(row[-1]))) for row in rows]


async def content_of(sql: Sql, seq: int, identity: str) -> tuple[str, bytes] | None:
    """Returns the traceback and the payload of a letter, or None if it has left the dead letters."""
    row = await sql.row(
        "SELECT traceback, body FROM amphibus_dead WHERE seq = ? AND id = ?", seq, identity
    )
    return None if row is None else (row[0], row[1] or b"")


async def take_dead(sql: Sql, letter: Letter) -> Envelope | None:
    """Removes a letter and returns its message as it is now, or None if it has left the dead letters."""
    row = await sql.row(
        f"SELECT {ENVELOPE} FROM amphibus_dead WHERE seq = ? AND id = ?", letter.seq, letter.id
    )
    if row is None:
        return None
    await sql.run("DELETE FROM amphibus_dead WHERE seq = ?", letter.seq)
    return envelope_of(row)


async def correct_dead(sql: Sql, letter: Letter, body: bytes) -> bool:
    """Replaces a letter's payload; returns False if it has left the dead letters."""
    changed = await sql.run(
        "UPDATE amphibus_dead SET body = ? WHERE seq = ? AND id = ?", body, letter.seq, letter.id
    )
    return changed == 1


async def prune_dead(sql: Sql, *, before: int, now: int, limit: int) -> int:
    """Gives up letters that died before a time, as an operator's `discard` does; returns how many.

    One that blocks its key is left: what waits behind it is an operator's to decide.
    """
    await sql.run(_GIVE_UP_OLD, now, limit, before)
    return await sql.run(_PRUNE, limit, before)
