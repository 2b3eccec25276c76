"""Derives what is under way between modules from their databases alone, whatever became of their broker.

Whatever has left a sender's outbox for a receiver, and is neither handled nor delayed nor dead there, has not
arrived: it is at the broker, or was lost with it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

from amphibus.admin.views import Views
from amphibus.database.facts import routes_noted
from amphibus.database.inbox import arrived
from amphibus.database.outbox import HandedOver, handed_over
from amphibus.database.sql import Sql
from amphibus.messages.contracts.amphibus.answers import MessageLeft
from amphibus.messages.contracts.amphibus.v1 import (
    MOST_ROWS,
    CheckArrived,
    CountWaits,
    ListMessagesLeft,
)
from amphibus.routing.topology import Topology

_PAGE: Final = MOST_ROWS
Left = TypeVar("Left", HandedOver, MessageLeft)

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

    async def left(types: Sequence[str], beyond: int) -> Sequence[HandedOver]:
        return await handed_over(
            sender, destination, types, beyond=beyond, known_since=known_since, limit=_PAGE
        )

    async def missing(ids: Sequence[str]) -> set[str]:
        return set(ids) - await arrived(receiver, source, ids)

    async for each in _not_arrived(left, missing, _begun(routes, destination)):
        yield each


async def waits_between(views: Views, topology: Topology, *, known_since: int = 0) -> list[Waits]:
    """Returns what waits between modules, of the pairs between which anything does; senders outside included.

    `known_since` is the time from which on inboxes remember.
    """
    found: dict[tuple[str, str], Waits] = {}
    stores = {module: await view.ask(CountWaits()) for module, view in views.items()}
    for receiver, store in stores.items():
        for each in store.received:
            pair = each.sender, receiver
            found[pair] = Waits(*pair, delayed=each.delayed, dead=each.dead)
    for sender, store in stores.items():
        for waiting in store.unsent:
            pair = sender, waiting.receiver
            found[pair] = found.get(pair, Waits(*pair))._replace(outbox=waiting.count)
        routes = store.routes
        if routes is None:
            routes = dict.fromkeys(routes_of(topology), 0)
        for receiver in stores:
            pair = sender, receiver
            if lost := await _lost(views, pair, routes, known_since):
                found[pair] = found.get(pair, Waits(*pair))._replace(broker=lost)
    return [found[pair] for pair in sorted(found)]


async def _lost(views: Views, pair: tuple[str, str], routes: Routes, known_since: int) -> int:
    """Counts the messages of a pair that have left and have not arrived."""
    source, destination = pair

    async def left(types: Sequence[str], beyond: int) -> Sequence[MessageLeft]:
        page = await views[source].ask(
            ListMessagesLeft(
                receiver=destination,
                types=tuple(types),
                beyond=beyond,
                known_since=known_since,
                limit=_PAGE,
            )
        )
        return page.messages

    async def missing(ids: Sequence[str]) -> set[str]:
        asked = CheckArrived(sender=source, ids=tuple(ids))
        return set((await views[destination].ask(asked)).ids)

    return len([1 async for _ in _not_arrived(left, missing, _begun(routes, destination))])


async def _not_arrived(
    left: Callable[[Sequence[str], int], Awaitable[Sequence[Left]]],
    missing: Callable[[Sequence[str]], Awaitable[set[str]]],
    begun: Mapping[str, int],
) -> AsyncIterator[Left]:
    """Goes through what has left, page by page; `begun` has the number by type after which it goes there."""
    beyond = min(begun.values(), default=0)
    while begun:
        page = await left([*begun], beyond)
        not_there = await missing([each.id for each in page]) if page else set()
        for each in page:
            if each.id in not_there and each.seq > begun[each.type]:
                yield each
        if len(page) < _PAGE:
            return
        beyond = page[-1].seq
        await asyncio.sleep(0)  # reads of a file never suspend


def _begun(routes: Routes, destination: str) -> dict[str, int]:
    return {
        name.partition(" ")[0]: since
        for name, since in routes.items()
        if name.partition(" ")[2] == destination
    }
