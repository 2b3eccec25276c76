"""What of a module's outbox waits in its database: read in pieces whose cost does not grow with what waits."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from amphibus.database.envelope_rows import envelope_of
from amphibus.database.store import Store
from amphibus.database.tables import ENVELOPE
from amphibus.outbox.delivery_queue import Item
from amphibus.partitions.assignment import Shares, only
from amphibus.transport import Transport

_COLUMNS: Final = ", ".join(f"o.{column.strip()}" for column in ENVELOPE.split(","))
_SEQ, _DESTINATION = 11, 12

# From one name to the next by the index: DISTINCT would read every row (a loose index scan, as PostgreSQL's wiki
# calls it).
_DESTINATIONS: Final = """
WITH RECURSIVE found(destination) AS (
    SELECT min(destination) FROM amphibus_delivery
    UNION ALL
    SELECT (SELECT min(destination) FROM amphibus_delivery WHERE destination > found.destination)
    FROM found WHERE found.destination IS NOT NULL
)
SELECT destination FROM found WHERE destination IS NOT NULL
"""


class Backlog:
    """The waiting rows of this instance's partitions."""

    def __init__(self, store: Store, shares: Shares, transport: Transport) -> None:
        self._store = store
        self._shares = shares
        self._transport = transport

    def way_to(self, destination: str) -> str:
        """The way that leads there."""
        return self._transport.ways((destination,))[0][0]

    async def ways_beyond(self, held: Mapping[str, int]) -> set[str]:
        """The ways for which more waits than is held of each destination in memory."""
        ways: set[str] = set()
        for destination in await self._destinations():
            known = held.get(destination, 0)
            rows = await self._store.look.rows(
                "SELECT count(*) FROM (SELECT 1 FROM amphibus_delivery"
                f" WHERE destination = ?{only(self._shares)} LIMIT ?) AS waiting",
                destination,
                known + 1,
            )
            if rows[0][0] > known:
                ways.add(self.way_to(destination))
        return ways

    async def oldest(self, way: str, limit: int) -> tuple[list[Item], bool]:
        """The oldest messages on a way; whether these are all, or a piece of `limit` rows."""
        where, values, several = await self._on(way)
        rows = await self._rows(where, values, limit)
        complete = len(rows) < limit
        # A row whose destinations may be cut off by the limit is left for the next reading.
        cut = rows[-1][_SEQ] if rows and several and not complete else None
        destinations: dict[int, list[str]] = {}
        for row in rows:
            if row[_SEQ] != cut:
                destinations.setdefault(row[_SEQ], []).append(row[_DESTINATION])
        first = {row[_SEQ]: row for row in reversed(rows)}
        items = [Item(seq, envelope_of(first[seq]), tuple(to)) for seq, to in destinations.items()]
        return items, complete

    async def oldest_of_others(self, way: str, keys: Sequence[str], limit: int) -> list[Item]:
        """The first message of each of some other keys, where the backlog of these fills the memory."""
        where, values, _ = await self._on(way)
        others = f" AND (o.key IS NULL OR o.key NOT IN ({', '.join('?' * len(keys))}))"
        first: dict[tuple[str, str], Item] = {}
        for row in await self._rows(where + others, [*values, *keys], limit):
            envelope = envelope_of(row)
            lane = (row[_DESTINATION], envelope.lane)
            first.setdefault(lane, Item(row[_SEQ], envelope, (row[_DESTINATION],)))
        return list(first.values())

    async def _rows(self, where: str, values: Sequence[Any], limit: int) -> Sequence[Any]:
        return await self._store.look.rows(
            f"SELECT {_COLUMNS}, d.seq, d.destination FROM amphibus_delivery d"
            f" JOIN amphibus_outbox o ON o.seq = d.seq WHERE {where}{only(self._shares)}"
            " ORDER BY d.seq, d.destination LIMIT ?",
            *values,
            limit,
        )

    async def _on(self, way: str) -> tuple[str, list[str], bool]:
        """A condition for a way, its values, and whether it leads to several destinations.

        Where all of them are on the way it names none: then the rows are read in the order of their numbers.
        """
        names = await self._destinations()
        mine = [name for name in names if self.way_to(name) == way]
        if len(mine) > 1 and len(mine) == len(names):
            return "1 = 1", [], True
        mine = mine or [way]
        return f"d.destination IN ({', '.join('?' * len(mine))})", mine, len(mine) > 1

    async def _destinations(self) -> list[str]:
        return [row[0] for row in await self._store.look.rows(_DESTINATIONS)]
