"""Finds, retries, corrects and discards the dead letters of all modules."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from amphibus.admin.stores import Stores, insert
from amphibus.database.envelope_rows import ENVELOPE
from amphibus.database.sql import Sql
from amphibus.database.write_set import Row
from amphibus.partitions.assignment import partition_of

_AT_ONCE: Final = 200
"""Rows in one transaction: the module, which shares the file, waits no longer than those take."""
_SHARED: Final = ENVELOPE.split(", ")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that used up its retries, or that nobody could read."""

    module: str
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
    """Another message of its key is delayed: it comes after that."""


async def find(
    stores: Stores,
    *,
    ids: Sequence[str] = (),
    module: str | None = None,
    contract: str | None = None,
) -> list[DeadLetter]:
    """The dead letters that match all of what is given, oldest first; all where nothing is."""
    found: list[DeadLetter] = []
    for name, store in stores.items():
        if module in (None, name):
            async with store.reading() as sql:
                found += await _select(sql, name, ids, contract)
    return sorted(found, key=lambda each: (each.died, each.seq))


async def retry(stores: Stores, letters: Iterable[DeadLetter]) -> list[Retried]:
    """Delays letters again with all their attempts, due now, some in each transaction.

    One that has left the dead letters meanwhile is passed over.
    """
    done: list[Retried] = []
    for module, group in _by_module(letters).items():
        store, overtaken = stores[module], _Overtaken(group)
        async with store.reading() as sql:
            await overtaken.look(sql)
        for batch in _batches(sorted(group, key=lambda each: (each.time, each.seq))):
            async with store.writing() as sql:
                await overtaken.look(sql)
                for each in batch:
                    revived = await _revive(sql, each, store.partitions, late=overtaken(each))
                    done += [] if revived is None else [revived]
    return done


async def retry_preview(stores: Stores, letters: Iterable[DeadLetter]) -> list[Retried]:
    """What `retry` would do, changing nothing."""
    done: list[Retried] = []
    for module, group in _by_module(letters).items():
        overtaken = _Overtaken(group)
        async with stores[module].reading() as sql:
            await overtaken.look(sql)
            done += [await _place(sql, each, late=overtaken(each)) for each in group]
    return done


async def discard(stores: Stores, letters: Iterable[DeadLetter]) -> list[DeadLetter]:
    """Gives letters up: each leaves an inbox row, so that it is never handled.

    What waited behind one that blocked its key goes on.
    """
    done: list[DeadLetter] = []
    for module, group in _by_module(letters).items():
        for batch in _batches(group):
            async with stores[module].writing() as sql:
                done += [letter for letter in batch if await _give_up(sql, letter)]
    return done


async def edit(stores: Stores, letter: DeadLetter, body: bytes) -> bool:
    """Replaces a letter's payload; False if it has left the dead letters meanwhile."""
    async with stores[letter.module].writing() as sql:
        changed = await sql.run(
            "UPDATE amphibus_dead SET body = ? WHERE seq = ? AND id = ?",
            body,
            letter.seq,
            letter.id,
        )
    return changed == 1


def _by_module(letters: Iterable[DeadLetter]) -> dict[str, list[DeadLetter]]:
    groups: dict[str, list[DeadLetter]] = {}
    for letter in letters:
        groups.setdefault(letter.module, []).append(letter)
    return groups


def _batches(letters: Sequence[DeadLetter]) -> Iterator[Sequence[DeadLetter]]:
    for start in range(0, len(letters), _AT_ONCE):
        yield letters[start : start + _AT_ONCE]


async def _select(
    sql: Sql, module: str, ids: Sequence[str], contract: str | None
) -> list[DeadLetter]:
    columns = [name for name in DeadLetter.__dataclass_fields__ if name != "module"]
    found: list[DeadLetter] = []
    for row in await sql.rows(f"SELECT {', '.join(columns)} FROM amphibus_dead"):
        facts = dict(zip(columns, row, strict=True))
        if (not ids or facts["id"] in ids) and contract in (None, facts["type"]):
            facts |= {"body": facts["body"] or b"", "blocks": bool(facts["blocks"])}
            found.append(DeadLetter(module, **facts))
    return found


class _Overtaken:
    """Whether later messages of a letter's key were handled, without a long look in a transaction.

    The inbox may be long: all of it is read once, beside the module; in each transaction only what
    was added since.
    """

    def __init__(self, letters: Sequence[DeadLetter]) -> None:
        self._keys = sorted({each.key for each in letters if each.key is not None})
        self._died = min(each.died for each in letters)
        self._seen = 0
        self._handled: dict[tuple[str, str], int] = {}

    async def look(self, sql: Sql) -> None:
        """Takes in what was handled since the last look."""
        newest = await sql.row("SELECT max(seq) FROM amphibus_inbox")
        for start in range(0, len(self._keys), _AT_ONCE):
            keys = self._keys[start : start + _AT_ONCE]
            rows = await sql.rows(
                "SELECT source, key, max(handled) FROM amphibus_inbox WHERE seq > ? AND handled >= ?"
                f" AND key IN ({', '.join('?' * len(keys))}) GROUP BY source, key",
                self._seen,
                self._died,
                *keys,
            )
            for source, key, handled in rows:
                self._handled[source, key] = handled
        self._seen = newest[0] or 0 if newest else 0

    def __call__(self, letter: DeadLetter) -> bool:
        return self._handled.get((letter.source, letter.key or ""), -1) >= letter.died


async def _place(sql: Sql, letter: DeadLetter, *, late: bool) -> Retried:
    """Where the letter would come among those of its ordering key now."""
    delayed = "SELECT 1 FROM amphibus_delayed WHERE ordering_key = ? AND due IS NOT NULL"
    waits = await sql.row(f"{delayed} LIMIT 1", letter.ordering_key)
    later = await sql.row(f"{delayed} AND time > ? LIMIT 1", letter.ordering_key, letter.time)
    return Retried(letter, late=late or later is not None, waits=waits is not None)


async def _revive(sql: Sql, letter: DeadLetter, partitions: int, *, late: bool) -> Retried | None:
    row = await _take(sql, letter)
    if row is None:
        return None
    placed = await _place(sql, letter, late=late)
    await sql.run("DELETE FROM amphibus_dead WHERE seq = ?", letter.seq)
    await insert(
        sql,
        "amphibus_delayed",
        {"ordering_key": letter.ordering_key}
        | row
        | {
            "received": letter.received,
            "attempts": 0,
            "tries": 0,
            "due": None if placed.waits else _now(),
            "late": int(placed.late),
            "error": letter.error,
            "partition": partition_of(letter.key, letter.id, partitions),
        },
    )
    return placed


async def _give_up(sql: Sql, letter: DeadLetter) -> bool:
    row = await _take(sql, letter)
    if row is None:
        return False
    now = _now()
    times = {"received": letter.received, "handled": now, "attempts": letter.attempts}
    await insert(sql, "amphibus_inbox", row | times | {"outcome": "discarded"})
    await sql.run("DELETE FROM amphibus_dead WHERE seq = ?", letter.seq)
    if letter.blocks:
        await _release(sql, letter.ordering_key, now)
    return True


async def _release(sql: Sql, ordering_key: str, now: int) -> None:
    """Lets the first message that waits of an ordering key go on, unless another dead one blocks it."""
    blocked = await sql.row(
        "SELECT 1 FROM amphibus_dead WHERE ordering_key = ? AND blocks = 1", ordering_key
    )
    if blocked is None:
        await sql.run(
            "UPDATE amphibus_delayed SET due = ? WHERE due IS NULL AND seq ="
            " (SELECT min(seq) FROM amphibus_delayed WHERE ordering_key = ?)",
            now,
            ordering_key,
        )


async def _take(sql: Sql, letter: DeadLetter) -> dict[str, Any] | None:
    """Its envelope's columns as they are now, if it is still dead."""
    row: Row | None = await sql.row(
        f"SELECT {ENVELOPE} FROM amphibus_dead WHERE seq = ? AND id = ?", letter.seq, letter.id
    )
    return None if row is None else dict(zip(_SHARED, row, strict=True))


def _now() -> int:
    return time.time_ns() // 1000
