"""Reads the waiting messages of an outbox in pieces whose cost does not grow with their number."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from amphibus.database.envelope_rows import ENVELOPE, envelope_of
from amphibus.database.store import Store
from amphibus.outbox.delivery_queue import OutboxMessage
from amphibus.partitions.assignment import PartitionAssignment, only
from amphibus.transport import Transport

_COLUMNS: Final = ", ".join(f"o.{column.strip()}" for column in ENVELOPE.split(","))
_SEQ, _DESTINATION = 11, 12

# The index leads from one name to the next (PostgreSQL's wiki calls this a loose index scan): DISTINCT would read
# every row.
_DESTINATIONS: Final = """
WITH RECURSIVE found(destination) AS (
    SELECT min(destination) FROM amphibus_delivery
    UNION ALL
    SELECT (SELECT min(destination) FROM amphibus_delivery WHERE destination > found.destination)
    FROM found WHERE found.destination IS NOT NULL
)
SELECT destination FROM found WHERE destination IS NOT NULL
"""


class OutboxReader:
    """The waiting rows of this instance's partitions."""

    def __init__(self, store: Store, assignment: PartitionAssignment, transport: Transport) -> None:
        self._store = store
        self._assignment = assignment
        self._transport = transport

    def route_to(self, destination: str) -> str:
        """Returns the route that leads to a destination."""
        return self._transport.routes((destination,))[0][0]

    async def routes_beyond(self, held: Mapping[str, int]) -> set[str]:
        """Returns the routes for which more rows wait than memory holds for each destination."""
        routes: set[str] = set()
        for destination in await self._destinations():
            known = held.get(destination, 0)
            rows = await self._store.reader.rows(
                "SELECT count(*) FROM (SELECT 1 FROM amphibus_delivery"
                f" WHERE destination = ?{only(self._assignment)} LIMIT ?) AS waiting",
                destination,
                known + 1,
            )
            if rows[0][0] > known:
                routes.add(self.route_to(destination))
        return routes

    async def oldest(self, route: str, limit: int) -> tuple[list[OutboxMessage], bool]:
        """Returns the oldest messages on a route, and whether these are all or a piece of `limit` rows."""
        where, values, several = await self._on(route)
        rows = await self._rows(where, values, limit)
        complete = len(rows) < limit
        # The limit may cut off some destinations of the last row, so that row waits for the next reading.
        cut = rows[-1][_SEQ] if rows and several and not complete else None
        destinations: dict[int, list[str]] = {}
        for row in rows:
            if row[_SEQ] != cut:
                destinations.setdefault(row[_SEQ], []).append(row[_DESTINATION])
        first = {row[_SEQ]: row for row in reversed(rows)}
        items = [
            OutboxMessage(seq, envelope_of(first[seq]), tuple(to))
            for seq, to in destinations.items()
        ]
        return items, complete

    async def oldest_of_others(
        self, route: str, keys: Sequence[str], limit: int
    ) -> list[OutboxMessage]:
        """Returns the first message of each of some other keys, if the backlog of these fills the memory."""
        where, values, _ = await self._on(route)
        others = f" AND (o.key IS NULL OR o.key NOT IN ({', '.join('?' * len(keys))}))"
        first: dict[tuple[str, str], OutboxMessage] = {}
        for row in await self._rows(where + others, [*values, *keys], limit):
            envelope = envelope_of(row)
            destination_key = (row[_DESTINATION], envelope.ordering_key)
            first.setdefault(
                destination_key, OutboxMessage(row[_SEQ], envelope, (row[_DESTINATION],))
            )
        return list(first.values())

    async def _rows(self, where: str, values: Sequence[Any], limit: int) -> Sequence[Any]:
        return await self._store.reader.rows(
            f"SELECT {_COLUMNS}, d.seq, d.destination FROM amphibus_delivery d"
            f" JOIN amphibus_outbox o ON o.seq = d.seq WHERE {where}{only(self._assignment)}"
            " ORDER BY d.seq, d.destination LIMIT ?",
            *values,
            limit,
        )

    async def _on(self, route: str) -> tuple[str, list[str], bool]:
        """Returns a condition for a route, its values, and whether it leads to several destinations.

        If the route leads to all destinations, the condition names none: then rows are read in order of number.
        """
        names = await self._destinations()
        mine = [name for name in names if self.route_to(name) == route]
        if len(mine) > 1 and len(mine) == len(names):
            return "1 = 1", [], True
        mine = mine or [route]
        return f"d.destination IN ({', '.join('?' * len(mine))})", mine, len(mine) > 1

    async def _destinations(self) -> list[str]:
        return [row[0] for row in await self._store.reader.rows(_DESTINATIONS)]
