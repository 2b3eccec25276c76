"""The story of a flow: who sent what to whom, when, and what became of it.

It is read from the outboxes (what was said), the inboxes (what was handled), the parked and the
dead of all modules.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from amphibus.admin.database import reading

State = Literal["handled", "refused", "discarded", "under way", "parked", "dead"]

Destinations = Mapping[str, Sequence[str]]
"""Type of a message -> the modules that it goes to."""

_IDENTITY = "id, type, source, key, time, correlation, causation"


@dataclass(slots=True)
class Receipt:
    """What became of a message in one module. Times are microseconds since the epoch."""

    module: str
    state: State
    received: int | None = None
    handled: int | None = None
    attempts: int = 0
    error: str = ""


@dataclass(slots=True)
class Hop:
    """A message, where it went and what it caused."""

    id: str
    type: str
    source: str
    key: str | None
    time: int
    correlation: str
    causation: str | None
    receipts: list[Receipt] = field(default_factory=list)
    caused: list["Hop"] = field(default_factory=list)

    def walk(self) -> Iterator["Hop"]:
        """The message and everything that came of it."""
        yield self
        for each in self.caused:
            yield from each.walk()


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of the list of flows."""

    correlation: str
    began: int
    messages: int
    first: str


def flow(
    stores: Mapping[str, Path],
    correlation: str,
    *,
    since: int = 0,
    destinations: Destinations | None = None,
) -> list[Hop]:
    """The messages of one flow as a tree: what nothing in it caused, with what came of it.

    Args:
        stores: module -> database file.
        correlation: what the messages of the flow have in common.
        since: microseconds since the epoch; the flow is not older, which makes long logs quick.
        destinations: type -> modules. What a broker has is in no database: without this it would
            seem to go nowhere until it is received.
    """
    collector = _Collector(correlation, since, destinations or {})
    for path in stores.values():
        with reading(path) as connection:
            collector.take_said(connection)
    for module, path in stores.items():
        with reading(path) as connection:
            collector.take_heard(connection, module)
    hops = collector.hops.values()
    by_id = {hop.id: hop for hop in hops}
    roots: list[Hop] = []
    for hop in sorted(hops, key=lambda each: each.time):
        hop.receipts.sort(key=lambda each: (each.handled or each.received or 0, each.module))
        parent = by_id.get(hop.causation or "")
        (roots if parent is None or parent is hop else parent.caused).append(hop)
    return roots


def latest(stores: Mapping[str, Path], limit: int) -> list[Summary]:
    """The flows that something was said or handled in last, newest first."""
    found: dict[str, list[sqlite3.Row]] = {}
    for path in stores.values():
        with reading(path) as connection:
            for newest in ("amphibus_inbox ORDER BY handled", "amphibus_outbox ORDER BY seq"):
                statement = f"SELECT {_IDENTITY} FROM {newest} DESC LIMIT ?"
                for row in connection.execute(statement, (limit * 20,)):
                    found.setdefault(row["correlation"], []).append(row)
    summaries = [_summary(correlation, rows) for correlation, rows in found.items()]
    return sorted(summaries, key=lambda each: each.began, reverse=True)[:limit]


def _summary(correlation: str, rows: list[sqlite3.Row]) -> Summary:
    first = min(rows, key=lambda row: row["time"])
    messages = len({(row["source"], row["id"]) for row in rows})
    return Summary(correlation, first["time"], messages, f"{first['type']} {first['key'] or ''}")


def correlation_of(
    stores: Mapping[str, Path],
    *,
    key: str | None = None,
    message: str | None = None,
    since: int = 0,
) -> str | None:
    """The flow that a message id, or the first message of a business key, belongs to.

    `since` as for `flow`.
    """
    column, value = ("id", message) if message is not None else ("key", key)
    first: tuple[int, str] | None = None
    for path in stores.values():
        with reading(path) as connection:
            for table in ("amphibus_outbox", "amphibus_inbox", "amphibus_dead", "amphibus_parked"):
                statement = (
                    f"SELECT time, correlation FROM {table} WHERE {column} = ? AND time >= ? "
                    "ORDER BY time LIMIT 1"
                )
                row = connection.execute(statement, (value, since)).fetchone()
                if row is not None and (first is None or row["time"] < first[0]):
                    first = (row["time"], row["correlation"])
    return first[1] if first else None


class _Collector:
    """Gathers the messages of one flow and what became of them."""

    def __init__(self, correlation: str, since: int, destinations: Destinations) -> None:
        self._which = (correlation, since)
        self._destinations = destinations
        self.hops: dict[tuple[str, str], Hop] = {}

    def take_said(self, connection: sqlite3.Connection) -> None:
        """What a module has sent, in its own order."""
        waiting = "SELECT destination FROM amphibus_delivery WHERE seq = ?"
        brokered = _uses_broker(connection)
        for row in self._rows(connection, "amphibus_outbox", ", seq"):
            hop = self._hop(row)
            for (destination,) in connection.execute(waiting, (row["seq"],)):
                _note(hop, Receipt(destination, "under way"))
            for destination in self._destinations.get(hop.type, ()) if brokered else ():
                _note(hop, Receipt(destination, "under way"))

    def take_heard(self, connection: sqlite3.Connection, module: str) -> None:
        """What a module has received, and how far it is with it."""
        columns = ", received, handled, attempts, outcome"
        for row in self._rows(connection, "amphibus_inbox", columns):
            times = (row["received"], row["handled"], row["attempts"])
            _note(self._hop(row), Receipt(module, row["outcome"], *times))
        for row in self._rows(connection, "amphibus_parked", ", received, attempts, error"):
            times = (row["received"], None, row["attempts"])
            _note(self._hop(row), Receipt(module, "parked", *times, row["error"]))
        for row in self._rows(connection, "amphibus_dead", ", received, died, attempts, error"):
            times = (row["received"], row["died"], row["attempts"])
            _note(self._hop(row), Receipt(module, "dead", *times, row["error"]))

    def _hop(self, row: sqlite3.Row) -> Hop:
        identity = (row["source"], row["id"])
        if identity not in self.hops:
            self.hops[identity] = Hop(*(row[name] for name in _IDENTITY.split(", ")))
        return self.hops[identity]

    def _rows(
        self, connection: sqlite3.Connection, table: str, columns: str
    ) -> Iterable[sqlite3.Row]:
        statement = (
            f"SELECT {_IDENTITY}{columns} FROM {table} "
            "WHERE correlation = ? AND time >= ? ORDER BY seq"
        )
        return connection.execute(statement, self._which).fetchall()


def _uses_broker(connection: sqlite3.Connection) -> bool:
    """In a monolith the outbox alone says what is under way."""
    statement = "SELECT 1 FROM amphibus_meta WHERE name = 'transport' AND value = 'rabbitmq'"
    return connection.execute(statement).fetchone() is not None


def _note(hop: Hop, receipt: Receipt) -> None:
    """Keeps what the receiver says over what the sender still believes."""
    for index, known in enumerate(hop.receipts):
        if known.module == receipt.module:
            if known.state == "under way":
                hop.receipts[index] = receipt
            return
    hop.receipts.append(receipt)
