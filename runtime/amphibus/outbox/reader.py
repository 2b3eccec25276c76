"""Reads the waiting messages of an outbox in pieces whose cost does not grow with their number."""

from collections.abc import Mapping, Sequence

from amphibus.database.outbox import (
    count_waiting,
    destinations_waited_for,
    oldest_on_their_way,
)
from amphibus.database.store import Store
from amphibus.messages.envelope import Envelope
from amphibus.outbox.delivery_queue import OutboxMessage
from amphibus.partitions.assignment import PartitionAssignment, only
from amphibus.transport import Transport


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
        sql, mine = self._store.reader, only(self._assignment)
        for destination in await destinations_waited_for(sql):
            known = held.get(destination, 0)
            if await count_waiting(sql, destination, limit=known + 1, only=mine) > known:
                routes.add(self.route_to(destination))
        return routes

    async def oldest(
        self, route: str, room: int, *, beyond: int
    ) -> tuple[list[OutboxMessage], bool]:
        """The oldest messages on a way; whether these are all.

        Reads `room` rows more than the `beyond` that are in memory, and at least all of one message: a row is a
        message to one destination, and a piece that ended within the known ones would never end the backlog.
        """
        on_it, most = await self._on(route)
        limit = beyond + max(room, most) + 1
        rows = await oldest_on_their_way(
            self._store.reader, on_it, limit=limit, only=only(self._assignment)
        )
        complete = len(rows) < limit
        # A message whose destinations may be cut off by the limit is left for the next reading.
        cut = rows[-1].seq if rows and most > 1 and not complete else None
        envelopes: dict[int, Envelope] = {}
        destinations: dict[int, list[str]] = {}
        for seq, destination, envelope in rows:
            if seq != cut:
                envelopes[seq] = envelope
                destinations.setdefault(seq, []).append(destination)
        items = [OutboxMessage(seq, envelopes[seq], tuple(to)) for seq, to in destinations.items()]
        return items, complete

    async def oldest_of_others(
        self, route: str, keys: Sequence[str], limit: int
    ) -> list[OutboxMessage]:
        """The first message of each of some other keys, where the backlog of these fills the memory."""
        on_it, _ = await self._on(route)
        first: dict[tuple[str, str], OutboxMessage] = {}
        for seq, destination, envelope in await oldest_on_their_way(
            self._store.reader,
            on_it,
            limit=limit,
            only=only(self._assignment),
            other_keys_than=keys,
        ):
            first.setdefault(
                (destination, envelope.ordering_key),
                OutboxMessage(seq, envelope, (destination,)),
            )
        return list(first.values())

    async def _on(self, route: str) -> tuple[list[str] | None, int]:
        """The destinations on a way, or None where all are, and there are several; and their number."""
        names = await destinations_waited_for(self._store.reader)
        mine = [name for name in names if self.route_to(name) == route]
        if len(mine) > 1 and len(mine) == len(names):
            return None, len(mine)
        return mine or [route], len(mine)
