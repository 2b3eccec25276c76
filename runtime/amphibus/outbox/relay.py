"""Takes outbox rows to their destinations until each is safe there: at-least-once delivery.

The relay finds rows by their state, never by a position read so far: rows are numbered before their
commit, and a position skips a row that commits late. At most one message of a (destination, key) is
under way, so order per key survives every failure; different keys never wait for each other. A new
commit is handed over from memory. The relay reads the database at start, after a backlog, as a net,
and when a commit's numbers leave a gap: then another process (an instance, `send`, `replay`) has
written a row, and its turn may be before ours.
"""

import asyncio
import contextlib
import time
from collections.abc import Collection
from functools import partial

from amphibus.config.settings import BusSettings
from amphibus.database.store import Store
from amphibus.failpoints import failpoint
from amphibus.messages.envelope import Envelope
from amphibus.outbox.acks import DeliveryAcks
from amphibus.outbox.delivery_queue import DeliveryQueue, OutboxMessage
from amphibus.outbox.reader import OutboxReader
from amphibus.outbox.stalled import StalledRoutes, Tell
from amphibus.partitions.assignment import PartitionAssignment, partition_of
from amphibus.supervision import Supervisor
from amphibus.telemetry.tracing import switch
from amphibus.transport import Transport
from amphibus.unit_of_work.transaction import OutboxRow
from amphibus.unit_of_work.writer import Writer


class Relay:
    """The sending side of one module. Lives as long as the module is hosted."""

    def __init__(
        self,
        module: str,
        *,
        store: Store,
        assignment: PartitionAssignment,
        writer: Writer,
        transport: Transport,
        settings: BusSettings,
        supervisor: Supervisor,
        tell_stalled: Tell,
    ) -> None:
        self._store = store
        self._assignment = assignment
        self._writer = writer
        self._transport = transport
        self._settings = settings
        self._reader = OutboxReader(store, assignment, transport)
        self._queues: dict[str, DeliveryQueue] = {}
        self._acks = DeliveryAcks(writer, store.health, again_seconds=settings.poll_seconds)
        self._task = supervisor.task(f"relay:{module}", self._watch)
        self._stalled = StalledRoutes(module, tell_stalled)
        self._stopped = False
        self._held_back: frozenset[str] = frozenset()
        """The routes on which nothing leaves for now."""
        self._holds = False
        """True while nothing leaves on any."""
        self._look = asyncio.Event()
        self._acks.on_room = self.wake
        self._follows = 0
        """The number that our next message gets, unless somebody else writes before."""

    async def start(self) -> None:
        """Begins to deliver what waits and what comes."""
        if self._task.running:
            return
        self._writer.on_sent = self.sent
        self._assignment.on_change.append(self._changed_hands)
        self._assignment.on_notified.append(self.wake)
        self._acks.start()
        await self._task.start()

    async def started(self) -> None:
        """Returns once it looks for what waits."""
        await self._task.started()

    async def stop(self) -> None:
        """Delivers nothing more."""
        self._stopped = True
        self._acks.stop()
        await self._task.stop()
        self._stalled.look((), time.monotonic())

    async def drain(self) -> None:
        """Returns when all that is known to be safe is written down."""
        await self._acks.drain()

    def take_back(self, routes: Collection[str]) -> None:
        """Takes everything back that is under way; lets nothing leave on some routes until another set is given.

        The rest is handed over again, from the database.
        """
        self._held_back = frozenset(routes)
        for queue in self._queues.values():
            queue.take_back()
        self.wake()

    def release(self, route: str) -> None:
        """Lets messages leave on a route again."""
        self._held_back -= {route}
        self.wake()

    def adjust(self) -> None:
        """Takes in the settings as they are now."""
        for queue in self._queues.values():
            queue.window = self._settings.window
            self._pump(queue)

    def hold(self) -> None:
        """Lets nothing leave until `go_on`."""
        self._holds = True

    def go_on(self) -> None:
        """Lets messages leave again, except on the routes that are held back."""
        if self._holds:
            self._holds = False
            self.wake()

    async def written(self, destinations: Collection[str]) -> bool:
        """Writes down what is known to be safe; returns whether it could, of what is at some destinations."""
        await self.drain()
        return not self._acks.numbers(set(destinations))

    async def idle(self) -> bool:
        """Returns whether every reachable destination has everything."""
        if self._acks or not all(queue.idle for queue in self._queues.values()):
            return False
        return not any(map(self._transport.is_reachable, await self._reader.routes_beyond({})))

    def sent(self, rows: list[OutboxRow]) -> None:
        """Takes rows that were committed just now, in the order of their numbers."""
        mine, others = self._assignment.owned, False
        if any(row[0] != number for number, row in enumerate(rows, self._follows)):
            for queue in self._queues.values():
                queue.miss()
        self._follows = rows[-1][0] + 1
        for seq, envelope, destinations in rows:
            if self._partition_of(envelope) not in mine:
                others = others or bool(destinations)
                continue
            for route, some in self._transport.routes(destinations):
                self._queue(route).committed(OutboxMessage(seq, envelope, some))
        if others:
            self._assignment.notify()
        for queue in self._queues.values():
            self._pump(queue)

    async def give_away(self, partitions: frozenset[int]) -> None:
        """Hands nothing of some partitions over any more, and writes down what of them is safe."""
        self._leave_to_others(partitions)
        await self.drain()

    def _changed_hands(self, _gained: frozenset[int], lost: frozenset[int]) -> None:
        """Forgets what waits in memory, since partitions changed hands: the database knows what is ours.

        What is under way of those that are lost is sent again by whoever has them: a confirm that comes late would
        take it out of the line that it waits in by then.
        """
        self._acks.leave_to_others(lost)
        self._leave_to_others(lost)

    def _leave_to_others(self, partitions: frozenset[int]) -> None:
        for queue in self._queues.values():
            queue.leave_to_others(lambda item: self._partition_of(item.envelope) in partitions)
        self.wake()

    def _partition_of(self, envelope: Envelope) -> int:
        return partition_of(envelope.key, envelope.id, self._assignment.count)

    def wake(self) -> None:
        """Reads the database at once: another process wrote there, or a destination came back."""
        self._look.set()

    def _queue(self, route: str) -> DeliveryQueue:
        queue = self._queues.get(route)
        if queue is None:
            queue = self._queues[route] = DeliveryQueue(route, self._settings.window)
        return queue

    async def _watch(self) -> None:
        while True:
            failpoint("task.relay")
            await asyncio.sleep(0)  # reads of a file never suspend, and a set event does not either
            self._look.clear()
            try:
                await self._find_waiting()
                for queue in list(self._queues.values()):
                    await self._catch_up(queue)
                self._stalled.look(self._queues.values(), time.monotonic())
                self._store.health.recovered("relay")
            except Exception as error:  # noqa: BLE001 - the database may be away for a while
                self._store.health.failed("relay", error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.poll_seconds):
                    await self._look.wait()

    async def _find_waiting(self) -> None:
        """Marks the routes for which the database holds more than memory knows."""
        held: dict[str, int] = {}
        for queue in self._queues.values():
            for destination, count in queue.held_by_destination().items():
                held[destination] = held.get(destination, 0) + count
        for destination, count in self._acks.by_destination().items():
            held[destination] = held.get(destination, 0) + count
        for route in await self._reader.routes_beyond(held):
            self._queue(route).behind = True

    async def _catch_up(self, queue: DeliveryQueue) -> None:
        """Reads until the queue is full or has everything; a reading that brings nothing new is the last."""
        while queue.behind and queue.has_room and self._may_send(queue):
            brought = await self._load(queue)
            self._send_ready(queue)
            if not brought:
                break
            await asyncio.sleep(0)
        if queue.crowded and self._may_send(queue):
            await self._load_past(queue)
            self._send_ready(queue)

    def _pump(self, queue: DeliveryQueue) -> None:
        self._send_ready(queue)
        if queue.behind and queue.has_room and self._may_send(queue):
            self._look.set()

    def _may_send(self, queue: DeliveryQueue) -> bool:
        if self._stopped or self._holds or queue.route in self._held_back:
            return False
        return not self._acks.full and self._transport.is_reachable(queue.route)

    def _send_ready(self, queue: DeliveryQueue) -> None:
        if not self._may_send(queue):
            queue.forget_waiting()
            return
        for item in queue.take_ready():
            self._hand_over(queue, item)

    async def _load(self, queue: DeliveryQueue) -> bool:
        known = queue.rows_held + len(self._acks)
        queue.begin_reading()
        items, complete = await self._reader.oldest(
            queue.route, self._settings.window * 4, beyond=known
        )
        return queue.end_reading(items, settled=self._acked_on(queue.route), complete=complete)

    async def _load_past(self, queue: DeliveryQueue) -> None:
        queue.begin_reading()
        limit = self._settings.window
        items = await self._reader.oldest_of_others(queue.route, queue.keys, limit)
        queue.end_reading(items, settled=self._acked_on(queue.route), complete=False)

    def _acked_on(self, route: str) -> set[int]:
        there = self._acks.by_destination()
        return self._acks.numbers({each for each in there if self._reader.route_to(each) == route})

    def _hand_over(self, queue: DeliveryQueue, item: OutboxMessage) -> None:
        failpoint("relay.before_delivery")
        self._transport.deliver(item.destinations, item.envelope, partial(self._acked, queue, item))

    def _acked(self, queue: DeliveryQueue, item: OutboxMessage) -> None:
        if not queue.settle(item):
            return
        failpoint("relay.delivered")
        token = self._assignment.lease_token(self._partition_of(item.envelope))
        self._acks.add(item.destinations, item.seq, token)
        if switch.spans is not None:
            seconds = time.monotonic() - item.left
            switch.spans.delivered(item.envelope, item.destinations, queue.route, seconds)
        self._pump(queue)
