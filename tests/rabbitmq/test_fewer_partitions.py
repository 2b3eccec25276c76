"""Queues of partitions that there are no more are emptied and removed; no fate of one of them ends consuming."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from aiormq import Connection
from aiormq.exceptions import ChannelNotFoundEntity
from pamqp.commands import Queue

from amphibus.config.settings import RabbitSettings
from amphibus.partitions.assignment import SingleInstance
from amphibus.testing.conformance.business import project
from amphibus.transports.rabbitmq.connection import Broker
from amphibus.transports.rabbitmq.declare import Declarer
from amphibus.transports.rabbitmq.incoming.consumer import Consumer
from amphibus.transports.rabbitmq.incoming.inbound import InboundQueue
from amphibus.transports.rabbitmq.names import Names

pytestmark = pytest.mark.asyncio
NAMES = Names("shop", "dev", 2, project().topology())
FIRST, LAST = NAMES.partition_queue("desk", 2), NAMES.partition_queue("desk", 3)
OWN = {NAMES.partition_queue("desk", each) for each in range(NAMES.partitions)}


class Queues:
    """The queues of a broker as it tells of them; it delivers nothing."""

    def __init__(self, **waiting: int) -> None:
        self.waiting = dict.fromkeys((*OWN, FIRST, LAST), 0) | waiting
        self.silent: set[str] = set()
        """Those whose leader does not answer."""
        self.late: dict[str, int] = {}
        """Messages that come just before their queue is bound to nothing any more."""
        self.consumed: dict[str, StrictChannel] = {}
        self.asked: Counter[str] = Counter()

    def delete(self, queue: str) -> None:
        """Takes one away; who consumes it is told."""
        del self.waiting[queue]
        if queue in self.consumed:
            self.consumed.pop(queue).consumers.clear()

    def told(self, queue: str) -> Queue.DeclareOk:
        self.asked[queue] += 1
        if queue in self.silent:
            return Queue.DeclareOk(queue, 0, 0)
        return Queue.DeclareOk(queue, self.waiting[queue], int(queue in self.consumed))


class StrictChannel:
    """A channel, which an unknown queue closes."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues
        self.consumers: dict[str, Any] = {}
        self.is_closed = False

    async def close(self) -> None:
        self.is_closed = True
        for queue in self.consumers:
            self._queues.consumed.pop(queue, None)

    async def queue_declare(self, queue: str, *, passive: bool = False, **_: Any) -> Any:
        if not passive:
            self._queues.waiting.setdefault(queue, 0)
        self._know(queue)
        return self._queues.told(queue)

    async def basic_consume(self, queue: str, arrived: Any) -> None:
        self._know(queue)
        self.consumers[queue] = arrived
        self._queues.consumed[queue] = self

    async def queue_unbind(self, queue: str, *_: Any) -> None:
        self._queues.waiting[queue] += self._queues.late.pop(queue, 0)

    async def queue_delete(self, queue: str) -> None:
        self._queues.delete(queue)

    def _know(self, queue: str) -> None:
        if queue not in self._queues.waiting:
            self.is_closed = True
            raise ChannelNotFoundEntity(queue)

    async def _done(self, *_: Any, **__: Any) -> None:
        """Does whatever needs no answer of its own."""

    basic_qos = exchange_declare = queue_bind = _done


class OpenConnection:
    """A connection that is never lost."""

    is_opened, is_closed = True, False

    def __init__(self, queues: Queues) -> None:
        self._queues = queues
        self.closing: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def channel(self, **_: Any) -> StrictChannel:
        return StrictChannel(self._queues)


class Desk:
    """A module that takes nothing, as nothing is delivered."""

    module = "desk"

    def message(self, *_: Any) -> None:
        """Is never called."""

    surplus = request = message


def made() -> Consumer:
    broker = Broker("amqp://guest:guest@127.0.0.1:1/", RabbitSettings())
    consumer = Consumer(NAMES, broker, Declarer(NAMES, broker), prefetch=lambda: 10)
    consumer.attach(cast(InboundQueue, Desk()), SingleInstance(NAMES.partitions))
    return consumer


@asynccontextmanager
async def served(consumer: Consumer, queues: Queues) -> AsyncIterator["asyncio.Task[None]"]:
    """Consumes on one connection."""
    connection = cast(Connection, OpenConnection(queues))
    task = asyncio.ensure_future(consumer._serve(connection))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def until(condition: Any, task: "asyncio.Task[None]") -> None:
    async with asyncio.timeout(100):
        while not condition():
            assert not task.done() or task.result()
            await asyncio.sleep(0.01)


async def test_they_are_removed_and_the_partitions_go_on() -> None:
    queues = Queues()
    async with served(made(), queues) as task:
        await until(lambda: set(queues.consumed) >= OWN, task)
        assert not {FIRST, LAST} & set(queues.waiting)


async def test_none_is_removed_before_one_behind_it() -> None:
    """They are found one after the other: behind a gap, what waits would be seen by nobody after a restart."""
    queues = Queues(**{LAST: 1})
    async with served(made(), queues) as task:
        await until(lambda: {FIRST, LAST} <= set(queues.consumed), task)
        queues.asked.clear()
        await until(lambda: queues.asked[LAST] > 1, task)
        assert FIRST in queues.waiting


async def test_one_into_which_something_comes_at_the_last_moment_is_consumed_again() -> None:
    queues = Queues()
    queues.late[LAST] = 1
    async with served(made(), queues) as task:
        await until(lambda: not queues.late, task)
        await until(lambda: LAST in queues.consumed, task)
        assert FIRST in queues.waiting
        queues.waiting[LAST] = 0
        await until(lambda: set(queues.consumed) >= OWN, task)


async def test_one_whose_leader_is_silent_is_not_taken_for_empty() -> None:
    """The broker says then that it has neither messages nor consumers, and would remove it with all that it has."""
    queues = Queues(**{LAST: 1})
    queues.silent.add(LAST)
    async with served(made(), queues) as task:
        await until(lambda: LAST in queues.consumed, task)
        queues.asked.clear()
        await until(lambda: queues.asked[LAST] > 1, task)
        assert LAST in queues.waiting


async def test_one_that_somebody_else_removes_holds_up_nothing() -> None:
    queues, consumer = Queues(**{FIRST: 1, LAST: 1}), made()
    async with served(consumer, queues) as task:
        await until(lambda: {FIRST, LAST} <= set(queues.consumed), task)
        queues.delete(LAST)
        with pytest.raises(ConnectionError):
            await task
    async with served(consumer, queues) as task:
        await until(lambda: FIRST in queues.consumed, task)
        queues.waiting[FIRST] = 0
        await until(lambda: set(queues.consumed) >= OWN, task)
