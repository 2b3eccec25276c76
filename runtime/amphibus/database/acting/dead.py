"""Messages that used up their retries, or that nobody could read. Every statement on `amphibus_dead` stands here."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Protocol

from amphibus.database.acting.conditions import EVERYTHING, Narrowing
from amphibus.database.envelope_rows import ENVELOPE, columns_of, envelope_of
from amphibus.database.sql import Sql
from amphibus.messages.envelope import Envelope
from amphibus.messages.failure import Failure
from amphibus.messages.fingerprint import fingerprint_of

DEAD: Final = "SELECT id, type, key, reason, error, attempts, traceback FROM amphibus_dead"
"""All of them."""

_INSERT: Final = (
    f"INSERT INTO amphibus_dead (ordering_key, {ENVELOPE},"
    " received, attempts, died, reason, error, traceback, blocks, exception, frame, fingerprint)"
    f" VALUES ({', '.join('?' * 22)}) ON CONFLICT (source, id) DO NOTHING"
)
# From the front of the table, so that many that are kept cost nothing.
_OLD: Final = (
    "SELECT seq FROM (SELECT seq, died FROM amphibus_dead WHERE blocks = 0 ORDER BY seq LIMIT ?)"
    " AS oldest WHERE died < ?"
)
_GIVE_UP_OLD: Final = (
    f"INSERT INTO amphibus_inbox ({ENVELOPE}, received, handled, attempts, outcome, answer)"
    f" SELECT {ENVELOPE.removesuffix('body')}NULL, received, ?, attempts, 'discarded', NULL"
    " FROM amphibus_dead"
    f" WHERE seq IN ({_OLD}) ON CONFLICT (source, id) DO NOTHING"
)
_PRUNE: Final = f"DELETE FROM amphibus_dead WHERE seq IN ({_OLD})"
_LETTER: Final = (
    "seq, ordering_key, id, type, source, key, time, correlation, received, attempts, died,"
    " reason, error, blocks, fingerprint"
)
_WINDOW: Final = "SELECT seq FROM amphibus_dead WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"


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
    group: str


class WholeLetter(NamedTuple):
    """A dead letter as it goes back to work: its message, and what is known of its attempts."""

    seq: int
    received: int
    attempts: int
    died: int
    error: str
    blocks: bool
    message: Envelope


class FoundLetter(NamedTuple):
    """A dead letter by what it is found again by, and what its order follows from."""

    seq: int
    id: str
    source: str
    key: str | None
    time: int
    died: int


class Sent(NamedTuple):
    """A message by what its place among those of its key follows from."""

    source: str
    key: str | None
    time: int
    died: int


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
        *fingerprint_of(envelope.type, failure),
    )


async def dead_page(
    sql: Sql,
    *,
    ids: Sequence[str] = (),
    contract: str | None = None,
    narrowed: Narrowing = EVERYTHING,
    after: LetterPlace,
    limit: int,
) -> list[LetterFacts]:
    """Letters after a place, in the order in which they died; of these ids and this type only, where given."""
    conditions = narrowed.sql
    values = [*narrowed.values]
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
    return [LetterFacts._make((*tuple(row)[:-2], bool(row[-2]), row[-1])) for row in rows]


async def count_dead(sql: Sql, narrowed: Narrowing) -> int:
    """Counts letters."""
    ((count,),) = await sql.rows(
        f"SELECT count(*) FROM amphibus_dead WHERE 1 = 1{narrowed.sql}", *narrowed.values
    )
    return int(count)


async def newest_dead(sql: Sql) -> int:
    """Returns the number of the newest letter; 0 if there is none."""
    ((number,),) = await sql.rows("SELECT max(seq) FROM amphibus_dead")
    return int(number or 0)


async def dead_in_window(
    sql: Sql, narrowed: Narrowing, *, beyond: int, upto: int, limit: int
) -> tuple[list[FoundLetter], int]:
    """Looks at some letters beyond a number; returns those that fit, and the number to go on after."""
    ((last,),) = await sql.rows(
        f"SELECT max(seq) FROM ({_WINDOW}) AS looked_at", beyond, upto, limit
    )
    if last is None:
        return [], upto
    rows = await sql.rows(
        "SELECT seq, id, source, key, time, died FROM amphibus_dead"
        f" WHERE seq > ? AND seq <= ?{narrowed.sql} ORDER BY seq",
        beyond,
        last,
        *narrowed.values,
    )
    return [FoundLetter(*row) for row in rows], int(last)


async def content_of(sql: Sql, seq: int, identity: str) -> tuple[str, str, bytes] | None:
    """Returns the type, the traceback and the payload of a letter, or None if it has left the dead letters."""
    row = await sql.row(
        "SELECT type, traceback, body FROM amphibus_dead WHERE seq = ? AND id = ?", seq, identity
    )
    return None if row is None else (row[0], row[1], row[2] or b"")


async def take_dead(sql: Sql, letters: Sequence[Letter]) -> list[WholeLetter]:
    """Removes letters and returns them as they are now, in the order in which they were sent.

    One that has left the dead letters is passed over.
    """
    ids = {each.seq: each.id for each in letters}
    rows = await sql.rows(
        f"SELECT seq, received, attempts, died, error, blocks, {ENVELOPE} FROM amphibus_dead"
        f" WHERE seq IN ({', '.join('?' * len(ids))}) ORDER BY time, seq",
        *ids,
    )
    found = [_whole(*row) for row in rows if ids[row[0]] == row[6]]
    await sql.many("DELETE FROM amphibus_dead WHERE seq = ?", [(each.seq,) for each in found])
    return found


async def sent_of(sql: Sql, letters: Sequence[Letter]) -> list[Sent]:
    """Returns what the place of some letters among the messages of their keys follows from."""
    rows = await sql.rows(
        "SELECT source, key, time, died FROM amphibus_dead"
        f" WHERE seq IN ({', '.join('?' * len(letters))})",
        *(each.seq for each in letters),
    )
    return [Sent(*row) for row in rows]


async def payload_of(sql: Sql, letter: Letter) -> bytes | None:
    """Returns the payload of a letter, or None if it has left the dead letters."""
    row = await sql.row(
        "SELECT body FROM amphibus_dead WHERE seq = ? AND id = ?", letter.seq, letter.id
    )
    return None if row is None else (row[0] or b"")


async def name_causes(sql: Sql, *, limit: int) -> int:
    """Gives some letters that an older version wrote their fingerprints; returns how many."""
    rows = await sql.rows(
        "SELECT seq, type, reason, error, traceback FROM amphibus_dead WHERE fingerprint = ''"
        " LIMIT ?",
        limit,
    )
    named = [(*fingerprint_of(type_, Failure(*rest)), seq) for seq, type_, *rest in rows]
    await sql.many(
        "UPDATE amphibus_dead SET exception = ?, frame = ?, fingerprint = ? WHERE seq = ?", named
    )
    return len(named)


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


def _whole(
    seq: int, received: int, attempts: int, died: int, error: str, blocks: int, *envelope: Any
) -> WholeLetter:
    return WholeLetter(seq, received, attempts, died, error, bool(blocks), envelope_of(envelope))
