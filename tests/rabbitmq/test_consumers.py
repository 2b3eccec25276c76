"""Consumers come, go, move and break."""

import asyncio
from typing import Any

import pytest
from aiormq.abc import DeliveredMessage

from amphibus.partitions.assignment import SingleInstance
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import PARTITIONS, Office, until
from amphibus.transports.rabbitmq.incoming.consumer import Consumer
from amphibus.transports.rabbitmq.names import Names
from tests.services.rabbitmq import RabbitNode

pytestmark = pytest.mark.asyncio


async def test_a_queue_that_is_deleted_under_its_consumer_is_there_again(
    office: Office, names: Names, channel: Any
) -> None:
    async with office.open() as shop:
        before = set(map(id, _consumer(shop)._queue_consumers.values()))
        async with channel() as stranger:
            for partition in range(PARTITIONS):
                await stranger.queue_delete(names.partition_queue("readers", partition))
        await until(
            lambda: not before.intersection(map(id, _consumer(shop)._queue_consumers.values()))
        )
        await until(lambda: len(_consumer(shop)._queue_consumers) == len(before))
        await shop.send(desk.Write(book="b", line=2))
        await until(lambda: office.numbers("readers", "b") == [2])


async def test_a_command_whose_queue_was_deleted_waits_until_it_is_there_again(
    office: Office, names: Names, channel: Any
) -> None:
    """The broker returns what nobody takes; the sender keeps it and declares the queue again."""
    async with office.open("archive", "readers") as shop:
        async with channel() as stranger:
            for partition in range(PARTITIONS):
                await stranger.queue_delete(names.partition_queue("desk", partition))
        await shop.send(desk.Write(book="b", line=1))
        await until(lambda: office.count("gateway", "amphibus_delivery") == 0)
    async with office.open() as shop:
        await shop.settle()

    assert office.numbers("desk", "b") == [1]


async def test_a_channel_that_breaks_is_made_anew(office: Office) -> None:
    async with office.open() as shop:
        for queue_consumer in list(_consumer(shop)._queue_consumers.values()):
            queue_consumer.window._reject(4711)  # no such delivery: the broker closes the channel
        await shop.send(*[desk.Write(book="b", line=n) for n in range(5)])
        await until(lambda: office.numbers("readers", "b") == list(range(5)))


async def test_a_graceful_stop_burns_one_delivery_at_most(
    office: Office, names: Names, channel: Any
) -> None:
    """Of what came while it stopped, and comes first next time: fifty deployments make no dead letters."""
    async with office.open("archive", "readers") as shop:
        await shop.send(desk.Write(book="held", line=0, mood="hold"))
        await shop.send(*[desk.Write(book=f"b{n}", line=n) for n in range(399)])
        await shop.settle()
    async with office.open() as shop:
        await until(lambda: office.script.held)
        stopping = asyncio.ensure_future(shop.host.stop())
        await until(lambda: shop.host.modules["desk"].receiver._stopping)
        office.script.gate.set()
        await stopping
    left = 400 - len(office.lines("desk"))
    await _until_ready(channel, names, left)

    assert left > 0
    assert await _delivery_counts(channel, names, left) <= {0, 1}


@pytest.mark.parametrize("how", ["its queue is gone", "it may not read"])
async def test_a_queue_without_a_consumer_is_a_reason_not_to_be_ready(
    office: Office, names: Names, channel: Any, node: RabbitNode, how: str
) -> None:
    """The connection lives, and all else works: nothing else would show it."""
    seen: set[str] = set()
    queue = names.partition_queue("readers", 0)
    async with office.open() as shop:
        await asyncio.to_thread(_let_read, node, f"^(?!{queue}$).*$")
        try:
            if how == "its queue is gone":
                async with channel() as stranger:
                    await stranger.queue_delete(queue)
            else:
                _consumer(shop)._queue_consumers[queue].window._reject(4711)
            await until(lambda: _reasons(shop, seen).get("consumer:readers"))
            assert queue in _reasons(shop, seen)["consumer:readers"]
        finally:
            await asyncio.to_thread(_let_read, node, ".*")
        await until(lambda: not _reasons(shop, seen))

    assert {name.partition(":")[0] for name in seen} == {"consumer"}  # no task of ours ended by it


async def test_partitions_move_while_work_goes_on(office: Office) -> None:
    """They are taken from this instance and given back, in turn, and every order stays."""
    books, lines = [f"b{n}" for n in range(6)], 30
    async with office.open() as shop:
        others = _of_others(shop, "desk")
        assignment = shop.host.modules["desk"].assignment
        assert isinstance(assignment, SingleInstance)
        for line in range(lines):
            await shop.send(*[desk.Write(book=book, line=line) for book in books])
            if line % 5 == 2:
                await _give_away(shop, assignment, frozenset({line % PARTITIONS}))
                for tell in assignment.on_change:
                    tell(frozenset({line % PARTITIONS}), frozenset())
        await shop.settle()
        assert _of_others(shop, "desk") == others

    for book in books:
        assert office.numbers("desk", book) == list(range(lines))
        assert office.numbers("readers", book) == list(range(lines))


async def test_what_is_ceded_is_not_consumed_and_burns_no_delivery(
    office: Office, names: Names, channel: Any
) -> None:
    async with office.open() as shop:
        everything = frozenset(range(PARTITIONS))
        await shop.host.transport.revoke("desk", everything)
        await shop.send(*[desk.Write(book=f"b{n}", line=n) for n in range(20)])
        await _until_ready(channel, names, 20)
        assert office.lines("desk") == []
        for tell in shop.host.modules["desk"].assignment.on_change:
            tell(everything, frozenset())
        await shop.settle()

        counts = {row["attempts"] for row in shop.inbox("desk")}
        assert counts == {1}
    assert len(office.lines("desk")) == 20


async def test_who_takes_over_what_was_ceded_goes_on_in_order(office: Office) -> None:
    """Nothing of a partition is under way any more when its ceding has ended."""
    books, lines = [f"b{n}" for n in range(6)], 20
    async with office.open() as first:
        transport: Any = first.host.transport
        declarer = transport._consumer._declarer
        second = Consumer(transport._names, transport._broker, declarer, prefetch=lambda: 10)
        for line in range(lines):
            await first.send(*[desk.Write(book=book, line=line) for book in books])
            if line == lines // 2:
                await transport.revoke("desk", frozenset(range(PARTITIONS)))
                inbound = transport._consumer._modules["desk"].inbound
                second.attach(inbound, SingleInstance(PARTITIONS))
                await second.broker_connection.open()
        await until(lambda: len(office.lines("desk")) == lines * len(books))
        await second.finish()
        await second.broker_connection.close()
        await first.settle()

    for book in books:
        assert office.numbers("desk", book) == list(range(lines))


def _let_read(node: RabbitNode, what: str) -> None:
    node.ctl("set_permissions", "guest", ".*", ".*", what)


def _reasons(shop: Any, seen: set[str]) -> dict[str, str]:
    found: dict[str, str] = shop.host.health.reasons()
    seen |= set(found)
    return found


def _consumer(shop: Any) -> Any:
    return shop.host.transport._consumer


def _of_others(shop: Any, module: str) -> dict[str, int]:
    """Who consumes the queues of all other modules."""
    found = _consumer(shop)._queue_consumers
    return {queue: id(each) for queue, each in found.items() if f".{module}." not in queue}


async def _give_away(shop: Any, assignment: SingleInstance, partitions: frozenset[int]) -> None:
    await shop.host.transport.revoke("desk", partitions)
    for tell in assignment.on_change:
        tell(frozenset(), partitions)


async def _until_ready(channel: Any, names: Names, count: int) -> None:
    """Waits until so many messages for the desk wait at the broker."""
    async with channel() as stranger, asyncio.timeout(100):
        found = -1
        while found != count:
            await asyncio.sleep(0.02)
            queues = [
                await stranger.queue_declare(names.partition_queue("desk", partition), passive=True)
                for partition in range(PARTITIONS)
            ]
            found = sum(queue.message_count or 0 for queue in queues)


async def _delivery_counts(channel: Any, names: Names, count: int) -> set[int]:
    """How often what waits for the desk was delivered before."""
    found: list[int] = []

    async def arrived(message: DeliveredMessage) -> None:
        headers = message.header.properties.headers or {}
        found.append(int(str(headers.get("x-delivery-count", 0))))

    async with channel() as stranger:
        for partition in range(PARTITIONS):
            await stranger.basic_consume(
                names.partition_queue("desk", partition), arrived, no_ack=True
            )
        await until(lambda: len(found) == count)
    return set(found)
