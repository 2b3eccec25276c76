"""What somebody takes away at a running broker is made again within seconds."""

import asyncio
from functools import partial
from typing import Any

import pytest

from amphibus.errors import AmphibusError
from amphibus.routing.topology import GATEWAY
from amphibus.testing import Harness
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import PARTITIONS, Office, until
from amphibus.transports.rabbitmq import declare
from amphibus.transports.rabbitmq.names import Names, QueueBinding
from tests.rabbitmq.test_replaced import NEVER, receivers

pytestmark = pytest.mark.asyncio


async def answered(shop: Harness) -> None:
    """Returns once the desk answers."""
    async with asyncio.timeout(100):
        while True:
            try:
                await shop.ask(desk.Count(book="b"), timeout=20)
            except AmphibusError:
                await asyncio.sleep(0.05)
            else:
                return


def _heard(office: Office, line: int) -> bool:
    return line in office.numbers("archive", "b", "heard")


async def test_the_exchange_of_commands(office: Office, names: Names, channel: Any) -> None:
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()
        async with channel() as stranger:
            await stranger.exchange_delete(names.commands("desk"))
        await shop.send(desk.Write(book="b", line=2))
        await until(lambda: office.numbers("readers", "b") == [1, 2])
        await answered(shop)


async def test_an_exchange_of_events(office: Office, names: Names, channel: Any) -> None:
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()
        async with channel() as stranger:
            await stranger.exchange_delete(names.events("desk"))
        await shop.send(desk.Write(book="b", line=2))
        await until(lambda: office.numbers("readers", "b") == [1, 2])


async def test_an_event_that_comes_between_two_bindings_reaches_all_who_hear_it(
    office: Office, names: Names, channel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is confirmed once the archive has it; the readers' queue is bound after that."""
    one, first = declare._one, asyncio.Event()

    async def declared(channel: Any, each: Any) -> None:
        if first.is_set() and isinstance(each, QueueBinding) and ".readers." in each.queue:
            await until(partial(_heard, office, 2))
        await one(channel, each)

    monkeypatch.setattr(declare, "_one", declared)
    monkeypatch.setattr(declare, "_ANSWER_SECONDS", 60.0)
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()
        first.set()
        async with channel() as stranger:
            await stranger.exchange_delete(names.events("desk"))
            await stranger.exchange_declare(
                names.events("desk"), exchange_type="topic", durable=True
            )
        await shop.send(desk.Write(book="b", line=2))
        await until(lambda: office.numbers("readers", "b") == [1, 2])


async def test_an_exchange_of_events_is_made_again_by_whoever_publishes_there(
    office: Office, names: Names, channel: Any
) -> None:
    """Its process asks what has strayed; one that only hears the events would make it again unnoticed."""
    async with office.open("desk", GATEWAY, settings=NEVER) as shop, receivers(office, "rabbitmq"):
        for line in range(1, 61):
            await shop.send(desk.Write(book="b", line=line))
            if line % 20 == 1:
                await until(partial(_heard, office, line))
                async with channel() as stranger:
                    await stranger.exchange_delete(names.events("desk"))
        await until(lambda: sorted(office.numbers("readers", "b")) == [*range(1, 61)])
        await until(lambda: sorted(office.numbers("archive", "b", "heard")) == [*range(1, 61)])


async def test_the_binding_of_what_is_asked(office: Office, names: Names, channel: Any) -> None:
    queue, binding = names.of_queries("desk")
    async with office.open() as shop:
        await answered(shop)
        async with channel() as stranger:
            await stranger.queue_unbind(queue.name, binding.exchange, binding.key)
        await answered(shop)


async def test_the_binding_of_replies(office: Office, names: Names, channel: Any) -> None:
    """It went with its exchange, which was made again before anybody replied."""
    async with office.open() as shop:
        await answered(shop)
        async with channel() as stranger:
            for module in names.topology.modules:
                await stranger.exchange_delete(names.replies(module))
                await stranger.exchange_declare(
                    names.replies(module), exchange_type="topic", durable=True
                )
        await answered(shop)


async def test_the_binding_of_one_who_hears(office: Office, names: Names, channel: Any) -> None:
    """Others hear it all the same, so no sender learns of it."""
    async with office.open() as shop:
        await shop.settle()
        async with channel() as stranger:
            for partition in range(PARTITIONS):
                await stranger.queue_unbind(
                    names.partition_queue("readers", partition),
                    names.events("desk"),
                    f"desk.Written.v1.p{partition}",
                )
        line = 0

        async def heard() -> None:
            nonlocal line
            while not office.lines("readers"):
                line += 1
                await shop.send(desk.Write(book="b", line=line))
                await asyncio.sleep(0.2)

        await asyncio.wait_for(heard(), 100)
