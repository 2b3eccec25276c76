"""The story of a flow: who sent what to whom, when, and what became of it.

It is read from the outboxes (what was said), the inboxes (what was handled), the delayed and the
dead of all modules.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from amphibus.admin.stores import Stores
from amphibus.database.sql import Sql
from amphibus.database.write_set import Row

ReceiptState = Literal["handled", "refused", "discarded", "under way", "delayed", "dead"]

Destinations = Mapping[str, Sequence[str]]
"""Type of a message -> the modules that it goes to."""

_IDENTITY = "id, type, source, key, time, correlation, causation"
_COLUMNS, _CORRELATION = 7, 5
"""How many those are, and which of them the correlation is."""


@dataclass(slots=True)
class Receipt:
    """What became of a message in one module. Times are microseconds since the epoch."""

    module: str
    state: ReceiptState
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


async def flow(
    stores: Stores,
    correlation: str,
    *,
    since: int = 0,
    destinations: Destinations | None = None,
) -> list[Hop]:
    """The messages of one flow as a tree: what nothing in it caused, with what came of it.

    Args:
        stores: where the modules keep what they know.
        correlation: what the messages of the flow have in common.
        since: microseconds since the epoch; the flow is not older, which makes long logs quick.
        destinations: type -> modules. What a broker has is in no database: without this it would
            seem to go nowhere until it is received.
    """
    collector = _Collector(correlation, since, destinations or {})
    for store in stores.values():
        async with store.reading() as sql:
            await collector.take_sent(sql)
    for module, store in stores.items():
        async with store.reading() as sql:
            await collector.take_received(sql, module)
    hops = collector.hops.values()
    by_id = {hop.id: hop for hop in hops}
    roots: list[Hop] = []
    for hop in sorted(hops, key=lambda each: each.time):
        hop.receipts.sort(key=lambda each: (each.handled or each.received or 0, each.module))
        parent = by_id.get(hop.causation or "")
        (roots if parent is None or parent is hop else parent.caused).append(hop)
    return roots


async def latest(stores: Stores, limit: int) -> list[Summary]:
    """The flows that something was said or handled in last, newest first."""
    found: dict[str, list[Row]] = {}
    for store in stores.values():
        async with store.reading() as sql:
            for newest in ("amphibus_inbox ORDER BY handled", "amphibus_outbox ORDER BY seq"):
                statement = f"SELECT {_IDENTITY} FROM {newest} DESC LIMIT ?"
                for row in await sql.rows(statement, limit * 20):
                    found.setdefault(row[_CORRELATION], []).append(row)
    summaries = [_summary(correlation, rows) for correlation, rows in found.items()]
    return sorted(summaries, key=lambda each: each.began, reverse=True)[:limit]


def _summary(correlation: str, rows: list[Row]) -> Summary:
    first = _hop(min(rows, key=lambda row: _hop(row).time))
    messages = len({(each.source, each.id) for each in map(_hop, rows)})
    return Summary(correlation, first.time, messages, f"{first.type} {first.key or ''}")


def _hop(row: Row) -> Hop:
    return Hop(*row[:_COLUMNS])


async def correlation_of(
    stores: Stores,
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
    for store in stores.values():
        async with store.reading() as sql:
            for table in ("amphibus_outbox", "amphibus_inbox", "amphibus_dead", "amphibus_delayed"):
                statement = (
                    f"SELECT time, correlation FROM {table} WHERE {column} = ? AND time >= ? "
                    "ORDER BY time LIMIT 1"
                )
                row = await sql.row(statement, value, since)
                if row is not None and (first is None or row[0] < first[0]):
                    first = (row[0], row[1])
    return first[1] if first else None


class _Collector:
    """Gathers the messages of one flow and what became of them."""

    def __init__(self, correlation: str, since: int, destinations: Destinations) -> None:
        self._which = (correlation, since)
        self._destinations = destinations
        self.hops: dict[tuple[str, str], Hop] = {}

    async def take_sent(self, sql: Sql) -> None:
        """What a module has sent, in its own order."""
        waiting = "SELECT destination FROM amphibus_delivery WHERE seq = ?"
        brokered = await _uses_broker(sql)
        for row in await self._rows(sql, "amphibus_outbox", ", seq"):
            hop = self._hop(row)
            for found in await sql.rows(waiting, row[_COLUMNS]):
                _note(hop, Receipt(found[0], "under way"))
            for destination in self._destinations.get(hop.type, ()) if brokered else ():
                _note(hop, Receipt(destination, "under way"))

    async def take_received(self, sql: Sql, module: str) -> None:
        """What a module has received, and how far it is with it."""
        columns = ", received, handled, attempts, outcome"
        for row in await self._rows(sql, "amphibus_inbox", columns):
            received, handled, attempts, outcome = row[_COLUMNS:]
            _note(self._hop(row), Receipt(module, outcome, received, handled, attempts))
        for row in await self._rows(sql, "amphibus_delayed", ", received, attempts, error"):
            received, attempts, error = row[_COLUMNS:]
            _note(self._hop(row), Receipt(module, "delayed", received, None, attempts, error))
        for row in await self._rows(sql, "amphibus_dead", ", received, died, attempts, error"):
            received, died, attempts, error = row[_COLUMNS:]
            _note(self._hop(row), Receipt(module, "dead", received, died, attempts, error))

    def _hop(self, row: Row) -> Hop:
        hop = _hop(row)
        return self.hops.setdefault((hop.source, hop.id), hop)

    async def _rows(self, sql: Sql, table: str, columns: str) -> list[Row]:
        statement = (
            f"SELECT {_IDENTITY}{columns} FROM {table} "
            "WHERE correlation = ? AND time >= ? ORDER BY seq"
        )
        return await sql.rows(statement, *self._which)


async def _uses_broker(sql: Sql) -> bool:
    """In a monolith the outbox alone says what is under way."""
    statement = "SELECT 1 FROM amphibus_meta WHERE name = 'transport' AND value = 'rabbitmq'"
    return await sql.row(statement) is not None


def _note(hop: Hop, receipt: Receipt) -> None:
    """Keeps what the receiver says over what the sender still believes."""
    for index, known in enumerate(hop.receipts):
        if known.module == receipt.module:
            if known.state == "under way":
                hop.receipts[index] = receipt
            return
    hop.receipts.append(receipt)
