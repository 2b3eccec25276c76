"""Sends the events of a module's log again, to one module that subscribes to them."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from amphibus.admin.database import reading, writing

_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Plan:
    """The events that a replay concerns."""

    seqs: tuple[int, ...]
    handled: int
    """Those that the receiver has handled before: it will change nothing for them."""
    first: int | None
    """When the oldest was sent, microseconds since the epoch."""


def plan(log: Path, inbox: Path | None, *, types: Sequence[str], since: int) -> Plan:
    """The events in a module's log of these types, sent at `since` or later.

    `inbox` is the receiver's database, or None where it has none yet.
    """
    marks = ", ".join("?" * len(types))
    with reading(log) as connection:
        rows = connection.execute(
            f"SELECT seq, id, source, time FROM amphibus_outbox "
            f"WHERE time >= ? AND type IN ({marks}) ORDER BY seq",
            (since, *types),
        ).fetchall()
    handled = _handled(inbox, rows) if inbox is not None else 0
    return Plan(tuple(row["seq"] for row in rows), handled, rows[0]["time"] if rows else None)


def replay(log: Path, destination: str, seqs: Sequence[int]) -> Iterator[int]:
    """Puts events in line for a destination; its relay takes them up within a second.

    An event that waits for that destination already is left as it is. Yields how many were put in
    line after each commit.
    """
    for start in range(0, len(seqs), _AT_ONCE):
        batch = seqs[start : start + _AT_ONCE]
        with writing(log) as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO amphibus_delivery (destination, seq) "
                "SELECT ?, seq FROM amphibus_outbox WHERE seq = ?",
                [(destination, seq) for seq in batch],
            )
            # A number that nobody gets shows the relay that there is more than it has written itself.
            connection.execute(
                "UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'amphibus_outbox'"
            )
        yield len(batch)


def _handled(inbox: Path, rows: Sequence[sqlite3.Row]) -> int:
    with reading(inbox) as connection:
        known = "SELECT 1 FROM amphibus_inbox WHERE source = ? AND id = ?"
        return sum(
            connection.execute(known, (row["source"], row["id"])).fetchone() is not None
            for row in rows
        )
