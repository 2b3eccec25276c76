"""The dead letters of all modules: found, tried again, corrected, given up."""

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from amphibus.admin.database import insert, reading, writing
from amphibus.tables import ENVELOPE

_AT_ONCE: Final = 200
"""Rows in one transaction: the module, which shares the file, waits no longer than those take."""
_SHARED: Final = ENVELOPE.split(", ")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that used up its retries, or that nobody could read."""

    module: str
    seq: int
    lane: str
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
    traceback: str
    blocks: bool
    body: bytes


@dataclass(frozen=True, slots=True)
class Retried:
    """A dead letter that is tried again."""

    letter: DeadLetter
    late: bool
    """Later messages of its key were handled, or wait before it."""
    waits: bool
    """Another message of its key is parked: it comes after that."""


def find(
    stores: Mapping[str, Path],
    *,
    ids: Sequence[str] = (),
    module: str | None = None,
    contract: str | None = None,
) -> list[DeadLetter]:
    """The dead letters that match all of what is given, oldest first; all where nothing is."""
    found: list[DeadLetter] = []
    for name, path in stores.items():
        if module in (None, name):
            with reading(path) as connection:
                found += _select(connection, name, ids, contract)
    return sorted(found, key=lambda each: (each.died, each.seq))


def retry(stores: Mapping[str, Path], letters: Iterable[DeadLetter]) -> Iterator[list[Retried]]:
    """Parks letters again with all their attempts, due now; yields after each commit.

    One that has left the dead letters meanwhile is passed over.
    """
    for module, group in _by_module(letters).items():
        overtaken = _Overtaken(stores[module], group)
        for batch in _batches(sorted(group, key=lambda each: (each.time, each.seq))):
            with writing(stores[module]) as connection:
                overtaken.look(connection)
                found = (_revive(connection, each, overtaken=overtaken(each)) for each in batch)
                done = [each for each in found if each is not None]
            yield done


def retry_preview(stores: Mapping[str, Path], letters: Iterable[DeadLetter]) -> list[Retried]:
    """What `retry` would do, changing nothing."""
    done: list[Retried] = []
    for module, group in _by_module(letters).items():
        overtaken = _Overtaken(stores[module], group)
        with reading(stores[module]) as connection:
            done += [_place(connection, each, overtaken=overtaken(each)) for each in group]
    return done


def discard(
    stores: Mapping[str, Path], letters: Iterable[DeadLetter]
) -> Iterator[list[DeadLetter]]:
    """Gives letters up: each leaves an inbox row, so that it is never handled.

    What waited behind one that blocked its key goes on. Yields after each commit.
    """
    for module, group in _by_module(letters).items():
        for batch in _batches(group):
            with writing(stores[module]) as connection:
                done = [letter for letter in batch if _give_up(connection, letter)]
            yield done


def edit(stores: Mapping[str, Path], letter: DeadLetter, body: bytes) -> bool:
    """Replaces a letter's payload; False if it has left the dead letters meanwhile."""
    with writing(stores[letter.module]) as connection:
        changed = connection.execute(
            "UPDATE amphibus_dead SET body = ? WHERE seq = ? AND id = ?",
            (body, letter.seq, letter.id),
        )
        return changed.rowcount == 1


def _by_module(letters: Iterable[DeadLetter]) -> dict[str, list[DeadLetter]]:
    groups: dict[str, list[DeadLetter]] = {}
    for letter in letters:
        groups.setdefault(letter.module, []).append(letter)
    return groups


def _batches(letters: Sequence[DeadLetter]) -> Iterator[Sequence[DeadLetter]]:
    for start in range(0, len(letters), _AT_ONCE):
        yield letters[start : start + _AT_ONCE]


def _select(
    connection: sqlite3.Connection, module: str, ids: Sequence[str], contract: str | None
) -> Iterator[DeadLetter]:
    columns = [name for name in DeadLetter.__dataclass_fields__ if name != "module"]
    statement = f"SELECT {', '.join(columns)} FROM amphibus_dead"
    for row in connection.execute(statement):
        if (not ids or row["id"] in ids) and contract in (None, row["type"]):
            facts = dict(row) | {"body": row["body"] or b"", "blocks": bool(row["blocks"])}
            yield DeadLetter(module, **facts)


class _Overtaken:
    """Whether later messages of a letter's key were handled, without a long look in a transaction.

    The inbox may be long: all of it is read once, beside the module; in each transaction only what
    was added since.
    """

    def __init__(self, path: Path, letters: Sequence[DeadLetter]) -> None:
        self._keys = json.dumps(sorted({each.key for each in letters if each.key is not None}))
        self._died = min(each.died for each in letters)
        self._seen = 0
        self._handled: dict[tuple[str, str], int] = {}
        with reading(path) as connection:
            self.look(connection)

    def look(self, connection: sqlite3.Connection) -> None:
        """Takes in what was handled since the last look."""
        newest = connection.execute("SELECT max(seq) FROM amphibus_inbox").fetchone()[0] or 0
        rows = connection.execute(
            "SELECT source, key, max(handled) FROM amphibus_inbox WHERE seq > ? AND handled >= ?"
            " AND key IN (SELECT value FROM json_each(?)) GROUP BY source, key",
            (self._seen, self._died, self._keys),
        )
        for source, key, handled in rows:
            self._handled[source, key] = handled
        self._seen = newest

    def __call__(self, letter: DeadLetter) -> bool:
        return self._handled.get((letter.source, letter.key or ""), -1) >= letter.died


def _place(connection: sqlite3.Connection, letter: DeadLetter, *, overtaken: bool) -> Retried:
    """Where the letter would come in its lane now."""
    parked = "SELECT 1 FROM amphibus_parked WHERE lane = ? AND due IS NOT NULL"
    waits = _exists(connection, parked, letter.lane)
    later = _exists(connection, f"{parked} AND time > ?", letter.lane, letter.time)
    return Retried(letter, late=later or overtaken, waits=waits)


def _revive(
    connection: sqlite3.Connection, letter: DeadLetter, *, overtaken: bool
) -> Retried | None:
    row = _take(connection, letter)
    if row is None:
        return None
    placed = _place(connection, letter, overtaken=overtaken)
    connection.execute("DELETE FROM amphibus_dead WHERE seq = ?", (row["seq"],))
    insert(
        connection,
        "amphibus_parked",
        {"lane": row["lane"]}
        | {name: row[name] for name in _SHARED}
        | {
            "received": row["received"],
            "attempts": 0,
            "tries": 0,
            "due": None if placed.waits else time.time_ns() // 1000,
            "late": placed.late,
            "error": row["error"],
        },
    )
    return placed


def _give_up(connection: sqlite3.Connection, letter: DeadLetter) -> bool:
    row = _take(connection, letter)
    if row is None:
        return False
    now = time.time_ns() // 1000
    insert(
        connection,
        "amphibus_inbox",
        {name: row[name] for name in _SHARED}
        | {
            "received": row["received"],
            "handled": now,
            "attempts": row["attempts"],
            "outcome": "discarded",
        },
    )
    connection.execute("DELETE FROM amphibus_dead WHERE seq = ?", (row["seq"],))
    if row["blocks"]:
        _release(connection, row["lane"], now)
    return True


def _release(connection: sqlite3.Connection, lane: str, now: int) -> None:
    """Lets the first message that waits in a lane go on, unless another dead one blocks it."""
    blocked = "SELECT 1 FROM amphibus_dead WHERE lane = ? AND blocks = 1"
    if not _exists(connection, blocked, lane):
        connection.execute(
            "UPDATE amphibus_parked SET due = ?1 WHERE due IS NULL AND seq ="
            " (SELECT min(seq) FROM amphibus_parked WHERE lane = ?2)",
            (now, lane),
        )


def _take(connection: sqlite3.Connection, letter: DeadLetter) -> sqlite3.Row | None:
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM amphibus_dead WHERE seq = ? AND id = ?", (letter.seq, letter.id)
    ).fetchone()
    return row


def _exists(connection: sqlite3.Connection, statement: str, *values: object) -> bool:
    return connection.execute(f"{statement} LIMIT 1", values).fetchone() is not None
