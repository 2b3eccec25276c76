"""The story of a flow: who sent what to whom, when, and what became of it.

It is read from the outboxes (what was said), the inboxes (what was handled), the delayed and the
dead of all modules.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

from amphibus.admin.views import Views
from amphibus.messages.contracts.amphibus.answers import FlowInModule, MessageFacts
from amphibus.messages.contracts.amphibus.v1 import FindFlow, TellFlow

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
    views: Views,
    correlation: str,
    *,
    since: int = 0,
    destinations: Destinations | None = None,
) -> list[Hop]:
    """The messages of one flow as a tree: what nothing in it caused, with what came of it.

    Args:
        views: of what the modules know.
        correlation: what the messages of the flow have in common.
        since: microseconds since the epoch; the flow is not older, which makes long logs quick.
        destinations: type -> modules. What a broker has is in no database: without this it would
            seem to go nowhere until it is received.
    """
    collector = _Collector(destinations or {})
    asked = TellFlow(correlation=correlation, since=since)
    parts = {module: await view.ask(asked) for module, view in views.items()}
    for part in parts.values():
        collector.take_sent(part)
    for module, part in parts.items():
        collector.take_received(part, module)
    hops = collector.hops.values()
    by_id = {hop.id: hop for hop in hops}
    roots: list[Hop] = []
    for hop in sorted(hops, key=lambda each: each.time):
        hop.receipts.sort(key=lambda each: (each.handled or each.received or 0, each.module))
        parent = by_id.get(hop.causation or "")
        (roots if parent is None or parent is hop else parent.caused).append(hop)
    return roots


async def correlation_of(
    views: Views, *, key: str | None = None, message: str | None = None
) -> str | None:
    """The flow that a message id belongs to, or that began with a business key, or where that is mentioned first."""
    asked = FindFlow(key=key, message=message)
    found = await _first(views, asked)
    return found or await _first(views, asked.model_copy(update={"anywhere": True}))


async def begun_with(views: Views, key: str, *, since: int = 0) -> str | None:
    """The oldest flow that began with a business key, and not before a time."""
    return await _first(views, FindFlow(key=key, since=since))


async def _first(views: Views, asked: FindFlow) -> str | None:
    answers = [await view.ask(asked) for view in views.values()]
    found = [(each.time, each.correlation) for each in answers if each.time is not None]
    return min(found)[1] if found else None


class _Collector:
    """Gathers the messages of one flow and what became of them."""

    def __init__(self, destinations: Destinations) -> None:
        self._destinations = destinations
        self.hops: dict[tuple[str, str], Hop] = {}

    def take_sent(self, part: FlowInModule) -> None:
        """Takes the messages that a module has sent, in its own order."""
        # In a monolith the outbox alone says what is under way.
        brokered = part.transport == "rabbitmq"
        for each in part.sent:
            hop = self._hop(each.message)
            for destination in each.unsent_for:
                _note(hop, Receipt(destination, "under way"))
            for destination in self._destinations.get(hop.type, ()) if brokered else ():
                _note(hop, Receipt(destination, "under way"))

    def take_received(self, part: FlowInModule, module: str) -> None:
        """Takes the messages that a module has received, each with its state."""
        for each in part.received:
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
        return self.hops.setdefault((message.source, message.id), Hop(**dict(message)))


def _note(hop: Hop, receipt: Receipt) -> None:
    """Keeps what the receiver says over what the sender still believes."""
    for index, known in enumerate(hop.receipts):
        if known.module == receipt.module:
            if known.state == "under way":
                hop.receipts[index] = receipt
            return
    hop.receipts.append(receipt)
