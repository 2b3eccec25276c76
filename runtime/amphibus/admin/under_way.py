"""Derives what is under way between modules from their databases alone, whatever became of their broker.

Whatever has left a sender's outbox for a receiver, and is neither handled nor delayed nor dead there, has not
arrived: it is at the broker, or was lost with it.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Final, NamedTuple

from amphibus.database.counts import counts_by_source
from amphibus.database.facts import routes_noted
from amphibus.database.inbox import arrived
from amphibus.database.outbox import HandedOver, handed_over, waiting_by_destination
from amphibus.database.sql import Sql
from amphibus.routing.topology import Topology

_PAGE: Final = 500

Routes = Mapping[str, int]
"""By type and destination, with a space between: the number of the last message that did not go there yet."""


class Waits(NamedTuple):
    """The messages from one module to another that are not handled."""

    sender: str
    receiver: str
    outbox: int = 0
    """They have not left their sender."""
    broker: int = 0
    """They have left, and have not arrived."""
    delayed: int = 0
    dead: int = 0


def routes_of(topology: Topology) -> frozenset[str]:
    """Returns the routes that messages take."""
    events = {f"{name} {each}" for name, who in topology.subscribers.items() for each in who}
    return frozenset(events | {f"{name} {owner}" for name, owner in topology.owners.items()})


async def routes_in(sql: Sql, topology: Topology) -> Routes:
    """Returns the routes that a database has noted; those of the topology for one that has noted none."""
    noted = await routes_noted(sql)
    return dict.fromkeys(routes_of(topology), 0) if noted is None else noted


async def not_arrived(
    sender: Sql, receiver: Sql, pair: tuple[str, str], routes: Routes, *, known_since: int = 0
) -> AsyncIterator[HandedOver]:
    """The messages that have left one module for another and have not arrived, in the order of their commits.

    Of what was sent before `known_since` the receiver's word counts: its inbox may have forgotten it.
    """
    source, destination = pair
    begun = {
        name.partition(" ")[0]: since
        for name, since in routes.items()
        if name.partition(" ")[2] == destination
    }
    beyond = min(begun.values(), default=0)
    while begun:
        page = await handed_over(
            sender, destination, [*begun], beyond=beyond, known_since=known_since, limit=_PAGE
        )
        there = await arrived(receiver, source, [each.id for each in page]) if page else set()
        for each in page:
            if each.id not in there and each.seq > begun[each.type]:
                yield each
        if len(page) < _PAGE:
            return
        beyond = page[-1].seq


async def waits_between(
    stores: Mapping[str, Sql], topology: Topology, *, known_since: int = 0
) -> list[Waits]:
    """Returns what waits between modules, of the pairs between which anything does; senders outside included.

    `known_since` is the time from which on inboxes remember.
    """
    found: dict[tuple[str, str], Waits] = {}
    for receiver, sql in stores.items():
        for source, delayed, dead in await counts_by_source(sql):
            found[source, receiver] = Waits(source, receiver, delayed=delayed, dead=dead)
    for sender, sql in stores.items():
        for receiver, waiting in (await waiting_by_destination(sql)).items():
            before = found.get((sender, receiver), Waits(sender, receiver))
            found[sender, receiver] = before._replace(outbox=waiting)
        routes = await routes_in(sql, topology)
        for receiver, other in stores.items():
            pair = sender, receiver
            under_way = not_arrived(sql, other, pair, routes, known_since=known_since)
            lost = len([1 async for _ in under_way])
            if lost:
                found[pair] = found.get(pair, Waits(*pair))._replace(broker=lost)
    return [found[pair] for pair in sorted(found)]
