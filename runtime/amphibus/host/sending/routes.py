"""The routes of one module's messages: those on which any of its instances that live sends.

While an instance of another version lives, these differ, and each asks about the messages of all.
"""

from collections.abc import Mapping

from amphibus.admin.under_way import Routes, routes_of
from amphibus.database.facts import (
    forget_routes_of,
    note_routes,
    note_routes_of,
    routes_noted,
    routes_of_instances,
)
from amphibus.database.outbox import newest_sent
from amphibus.database.sql import Sql
from amphibus.database.store import Store, writing_alone
from amphibus.partitions.assignment import PartitionAssignment
from amphibus.routing.topology import Topology
from amphibus.unit_of_work.transaction import Transaction
from amphibus.unit_of_work.writer import Writer


class SenderRoutes:
    """The notes on them, as one instance reads and writes them."""

    def __init__(self, store: Store, assignment: PartitionAssignment, topology: Topology) -> None:
        self._store = store
        self._assignment = assignment
        self._own = routes_of(topology)
        self._since: Routes = {}
        """As they were noted last."""

    async def begin(self) -> None:
        """Notes since when messages go where: an event from before a subscription is not missing there."""
        if not await self._are_noted():
            async with writing_alone(self._store) as sql:
                await self._note(sql)

    async def now(self, writer: Writer) -> Routes:
        """Returns them, each with the number of the last message before it; notes them anew if instances have gone."""

        async def note(transaction: Transaction) -> None:
            await self._note(transaction.sql)

        if not await self._are_noted():
            await writer.submit(note)
        return self._since

    async def _are_noted(self) -> bool:
        sql, name = self._store.reader, self._assignment.name
        noted, of = await routes_noted(sql), await routes_of_instances(sql)
        alive = await self._assignment.alive()
        if noted is None or noted.keys() != self._of_all(of, alive):
            return False
        self._since = noted
        return not name or of.get(name) == self._own

    async def _note(self, sql: Sql) -> None:
        name, alive = self._assignment.name, await self._assignment.alive()
        of = await routes_of_instances(sql)
        await forget_routes_of(sql, of.keys() - alive)
        if name:
            await note_routes_of(sql, name, self._own)
        noted = await routes_noted(sql)  # only here: a replay may have noted a route meanwhile
        # A database that has noted nothing may be older than this, with messages on their way already.
        beyond = 0 if noted is None else await newest_sent(sql)
        known = {**self._since, **(noted or {})}
        routes = self._of_all(of, alive)
        self._since = {each: known.get(each, beyond) for each in sorted(routes)}
        await note_routes(sql, self._since)

    def _of_all(self, of: Mapping[str, frozenset[str]], alive: frozenset[str]) -> frozenset[str]:
        return self._own.union(*(of[each] for each in alive.intersection(of)))
