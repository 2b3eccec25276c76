"""The messages that wait in a store, by type: what new code finds when it starts."""

from collections.abc import AsyncIterator
from typing import Final, NamedTuple

from amphibus.database.envelope_rows import ENVELOPE, envelope_of
from amphibus.database.sql import Sql
from amphibus.messages.envelope import Envelope

MOST_COUNTED: Final = 100_000
"""The rows of one table that are looked at."""
_PAGE: Final = 500


class StoredKind(NamedTuple):
    """The messages of one type that wait in one place of a store."""

    place: str
    """`outbox`, `later`, `delayed` or `dead`."""
    type: str
    receiver: str
    """The module that gets them; empty where they wait in its own store."""
    rows: int
    """Of the first `MOST_COUNTED` of that place."""


class _Place(NamedTuple):
    counted: str
    """The rows that are counted."""
    receiver: str
    page: str
    """One page of them; its first column is where the next one begins."""


_ENVELOPE: Final = ", ".join(f"o.{each}" for each in ENVELOPE.split(", "))
_PLACES: Final = {
    "outbox": _Place(
        "(SELECT o.type, d.destination FROM amphibus_delivery AS d"
        f" JOIN amphibus_outbox AS o ON o.seq = d.seq LIMIT {MOST_COUNTED}) AS counted",
        "destination",
        f"SELECT o.seq, {_ENVELOPE} FROM amphibus_delivery AS d JOIN amphibus_outbox AS o"
        " ON o.seq = d.seq WHERE o.type = ? AND d.destination = ? AND o.seq > ? ORDER BY o.seq LIMIT ?",
    ),
    "later": _Place(
        f"(SELECT type, destination FROM amphibus_later LIMIT {MOST_COUNTED}) AS counted",
        "destination",
        f"SELECT id, {ENVELOPE} FROM amphibus_later"
        " WHERE type = ? AND destination = ? AND id > ? ORDER BY id LIMIT ?",
    ),
    "delayed": _Place(
        f"(SELECT type FROM amphibus_delayed LIMIT {MOST_COUNTED}) AS counted",
        "''",
        f"SELECT seq, {ENVELOPE} FROM amphibus_delayed"
        " WHERE type = ? AND '' = ? AND seq > ? ORDER BY seq LIMIT ?",
    ),
    # Those that nobody could read wait for an operator, and for no code.
    "dead": _Place(
        "(SELECT type FROM amphibus_dead WHERE reason NOT IN ('undecodable', 'forged', 'oversized')"
        f" LIMIT {MOST_COUNTED}) AS counted",
        "''",
        f"SELECT seq, {ENVELOPE} FROM amphibus_dead WHERE type = ? AND '' = ? AND seq > ?"
        " AND reason NOT IN ('undecodable', 'forged', 'oversized') ORDER BY seq LIMIT ?",
    ),
}


async def stored_kinds(sql: Sql) -> list[StoredKind]:
    """Counts what waits, by place, type and receiver. Costs what waits there, and nothing of the history."""
    found: list[StoredKind] = []
    for name, place in _PLACES.items():
        rows = await sql.rows(
            f"SELECT type, {place.receiver}, count(*) FROM {place.counted} GROUP BY 1, 2 ORDER BY 1, 2"
        )
        found += [StoredKind(name, row[0], row[1], int(row[2])) for row in rows]
    return found


async def stored_of(sql: Sql, kind: StoredKind, *, limit: int) -> AsyncIterator[Envelope]:
    """Yields messages of one kind, so many at most, in pages."""
    last: int | str = "" if kind.place == "later" else -1
    left = limit
    while left > 0:
        rows = await sql.rows(
            _PLACES[kind.place].page, kind.type, kind.receiver, last, min(left, _PAGE)
        )
        for row in rows:
            yield envelope_of(row[1:])
        if len(rows) < min(left, _PAGE):
            return
        left -= len(rows)
        last = rows[-1][0]
