"""A broker in memory, for one process: it confirms and keeps, loses what it has, or is away; a test says when."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping

from amphibus.clock import Clock
from amphibus.config.settings import Settings
from amphibus.messages.envelope import Envelope, Reply
from amphibus.routing.topology import Topology
from amphibus.telemetry.health import Health
from amphibus.transport import Ack, Destinations, Inbound, MarkingSender, OwnedPartitions, Transport
from amphibus.transports.direct.choice import directly
from tests.conformance.direct_alone import NoRequests


class Exchange:
    """The broker. It outlives the processes that use it."""

    def __init__(self) -> None:
        self.there = True
        self.serves = True
        """False while it delivers nothing, and takes and confirms all the same."""
        self.takes = True
        """False while senders cannot reach it, though it delivers."""
        self.answers = False
        """True if it carries requests, too."""
        self.confirms = True
        """False while it takes what it gets and says nothing."""
        self.queues: dict[str, deque[Envelope]] = {}
        self.marks: set[str] = set()
        self.asked_for: list[str] = []
        """The marks that were looked for."""
        self.connections = 1
        self.got: list[str] = []
        """The ids that were published, in order."""
        self.change: list[Callable[[], None]] = []

    def go(self, *, losing: bool = False) -> None:
        """Is away from now on, and has lost what it had if `losing`."""
        self.there = False
        self.connections += 1
        if losing:
            self.queues.clear()
            self.marks.clear()

    def restart(self, *, losing: bool) -> None:
        """Is away for a moment, and has lost what it had if `losing`."""
        self.go(losing=losing)
        self.come()

    def come(self) -> None:
        """Is there again."""
        self.there = True
        self.tell()

    def tell(self) -> None:
        """Lets everybody look again."""
        for each in self.change:
            each()

    def transport(self, topology: Topology, settings: Settings, clock: Clock) -> Transport:
        """A transport over it, with the direct way past it."""
        return directly(OverExchange(self), topology, settings, clock)


class OverBroker(NoRequests):
    """Requests that the broker carries, to whoever is hosted."""

    def __init__(self, exchange: Exchange, hosted: Mapping[str, Inbound]) -> None:
        self._exchange = exchange
        self._hosted = hosted

    async def request(self, destination: str, envelope: Envelope, timeout: float) -> Reply:  # noqa: ASYNC109
        if not (self._exchange.answers and self._exchange.there):
            return await super().request(destination, envelope, timeout)
        return await self._hosted[destination].request(envelope)


class Found:
    """The marks at the broker, by one connection."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._connection = exchange.connections

    @property
    def alive(self) -> bool:
        return self._exchange.there and self._exchange.connections == self._connection

    async def has(self, mark: str) -> bool:
        self._exchange.asked_for.append(mark)
        return mark in self._exchange.marks

    async def put(self, mark: str) -> bool:
        self._exchange.marks.add(mark)
        return True

    async def take_away(self, mark: str) -> None:
        self._exchange.marks.discard(mark)


class OverExchange:
    """Publishes in order, and hands each queue's messages over one by one."""

    name = "direct"
    apart = True

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._hosted: dict[str, Inbound] = {}
        self.requests = OverBroker(exchange, self._hosted)
        self._waiting: deque[tuple[str, Envelope, Ack]] = deque()
        self._unconfirmed: list[Ack] = []
        self._busy: set[str] = set()
        self._senders: dict[str, MarkingSender] = {}
        self._opened = False
        self._recognised = 0
        """The connection that every sender has recognised."""
        self._recognising: asyncio.Task[None] | None = None
        exchange.change.append(self._look)

    @property
    def works(self) -> bool:
        recognised = self._recognised == self._exchange.connections
        return self._exchange.there and self._exchange.takes and recognised

    def attach(self, module: str, inbound: Inbound, partitions: OwnedPartitions) -> None:  # noqa: ARG002
        self._hosted[module] = inbound
        self._look()

    async def open(self, health: Health) -> None:  # noqa: ARG002
        self._opened = True
        self._look()

    async def detach(self, module: str) -> None:
        self._hosted.pop(module, None)

    async def revoke(self, module: str, partitions: frozenset[int]) -> None:
        """Nothing moves."""

    async def finish(self) -> None:
        """Every acknowledgement is a plain call."""

    async def close(self) -> None:
        self._opened = False
        if self._recognising is not None:
            self._recognising.cancel()
        self._hosted.clear()
        self._exchange.change.remove(self._look)

    async def idle(self) -> bool:
        exchange = self._exchange
        if exchange.there and self._recognised != exchange.connections:
            return False
        queued = exchange.there and exchange.serves and any(map(exchange.queues.get, self._hosted))
        return not (queued or (exchange.there and self._waiting) or self._busy)

    def routes(self, destinations: Destinations) -> list[tuple[str, Destinations]]:
        return [(each, (each,)) for each in destinations]

    def is_reachable(self, route: str) -> bool:
        return bool(route)

    def deliver(self, destinations: Destinations, envelope: Envelope, ack: Ack) -> None:
        self._waiting.append((destinations[0], envelope, ack))
        asyncio.get_running_loop().call_soon(self._look)

    def follow(self, source: str, sender: MarkingSender | None) -> None:
        self._senders.pop(source, None)
        if sender is not None:
            self._senders[source] = sender

    async def _recognise(self) -> None:
        connection = self._exchange.connections
        for sender in list(self._senders.values()):
            await sender.recognise(Found(self._exchange))
        self._recognised = connection
        self._recognising = None
        self._look()

    def recall(self, source: str) -> None:
        kept = [each for each in self._waiting if each[1].source != source]
        self._waiting = deque(kept)

    def pass_by(self, passed: bool) -> None:
        """Nobody asks for its health."""

    def doubt(self, _module: str, _envelope: Envelope) -> str | None:
        return None

    def confirm_late(self) -> None:
        """Says of all that was taken in silence that it is safe."""
        for ack in self._unconfirmed:
            ack()

    def _look(self) -> None:
        known = self._recognised == self._exchange.connections
        if self._opened and self._exchange.there and not known and not self._recognising:
            self._recognising = asyncio.create_task(self._recognise())
        while self.works and self._waiting:
            destination, envelope, ack = self._waiting.popleft()
            self._exchange.queues.setdefault(destination, deque()).append(envelope)
            self._exchange.got.append(envelope.id)
            if self._exchange.confirms:
                ack()
            else:
                self._unconfirmed.append(ack)
        for module in list(self._hosted):
            self._hand_over(module)

    def _hand_over(self, module: str) -> None:
        queue = self._exchange.queues.get(module)
        able = self._exchange.there and self._exchange.serves and module in self._hosted
        if queue and able and module not in self._busy:
            self._busy.add(module)
            self._hosted[module].take(queue[0], lambda: self._taken(module))

    def _taken(self, module: str) -> None:
        self._busy.discard(module)
        if queue := self._exchange.queues.get(module):
            queue.popleft()
        asyncio.get_running_loop().call_soon(self._look)
