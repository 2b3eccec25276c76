"""The story of a flow: who sent what to whom, when, and what became of it.

It is read from the outboxes (what was said), the inboxes (what was handled), the delayed and the
dead of all modules.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, cast

from amphibus.admin.stores import Stores
from amphibus.database.facts import last_transport
from amphibus.database.history import (
    MessageFacts,
    destinations_left,
    flow_begun_with,
    flow_of_message,
    flow_that_mentions,
    received_in_flow,
    sent_in_flow,
)
from amphibus.database.sql import Sql

ReceiptState = Literal["handled", "refused", "discarded", "under way", "delayed", "dead"]

Destinations = Mapping[str, Sequence[str]]
"""Type of a message -> the modules that it goes to."""


@dataclass(slots=True)
class Receipt:
    """The end of a message in one module, or how far it is. Times are microseconds since the epoch."""

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


async def correlation_of(
    stores: Stores, *, key: str | None = None, message: str | None = None
) -> str | None:
    """The flow that a message id belongs to, or that began with a business key, or where that is mentioned first."""
    if message is not None:
        found = await _first(stores, partial(flow_of_message, message=message, since=0))
    else:
        found = await begun_with(stores, key or "")
    return found or await _first(
        stores, partial(flow_that_mentions, key=key, message=message, since=0)
    )


async def begun_with(stores: Stores, key: str, *, since: int = 0) -> str | None:
    """The oldest flow that began with a business key, and not before a time."""
    return await _first(stores, partial(flow_begun_with, key=key, since=since))


async def _first(
    stores: Stores, ask: Callable[[Sql], Awaitable[tuple[int, str] | None]]
) -> str | None:
    found: list[tuple[int, str]] = []
    for store in stores.values():
        async with store.reading() as sql:
            if (first := await ask(sql)) is not None:
                found.append(first)
    return min(found)[1] if found else None


class _Collector:
    """Gathers the messages of one flow and what became of them."""

    def __init__(self, correlation: str, since: int, destinations: Destinations) -> None:
        self._correlation = correlation
        self._since = since
        self._destinations = destinations
        self.hops: dict[tuple[str, str], Hop] = {}

    async def take_sent(self, sql: Sql) -> None:
        """Takes the messages that a module has sent, in its own order."""
        # In a monolith the outbox alone says what is under way.
        brokered = await last_transport(sql) == "rabbitmq"
        for seq, message in await sent_in_flow(sql, self._correlation, since=self._since):
            hop = self._hop(message)
            for destination in await destinations_left(sql, seq):
                _note(hop, Receipt(destination, "under way"))
            for destination in self._destinations.get(hop.type, ()) if brokered else ():
                _note(hop, Receipt(destination, "under way"))

    async def take_received(self, sql: Sql, module: str) -> None:
        """Takes the messages that a module has received, each with its state."""
        for each in await received_in_flow(sql, self._correlation, since=self._since):
            receipt = Receipt(
                module,
                cast(ReceiptState, each.state),
                each.received,
                each.handled,
                each.attempts,
                each.error,
            )
            _note(self._hop(each.message), receipt)

    def _hop(self, message: MessageFacts) -> Hop:
        return self.hops.setdefault((message.source, message.id), Hop(*message))


def _note(hop: Hop, receipt: Receipt) -> None:
    """Keeps what the receiver says over what the sender still believes."""
    for index, known in enumerate(hop.receipts):
        if known.module == receipt.module:
            if known.state == "under way":
                hop.receipts[index] = receipt
            return
    hop.receipts.append(receipt)
