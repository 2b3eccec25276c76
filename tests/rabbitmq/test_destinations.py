"""Each destination has a window of its own: one that takes nothing costs the others nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiormq.abc import DeliveredMessage

from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import PARTITIONS, Office, until
from amphibus.transports.rabbitmq.names import Names
from tests.services.rabbitmq import RabbitNode

pytestmark = pytest.mark.asyncio
WINDOW = 256
"""Of a destination; more than so many books are written in, as one message of a book is under way."""


@asynccontextmanager
async def full(node: RabbitNode, names: Names, module: str) -> AsyncIterator[None]:
    """Lets no more than one message be in each queue of a module."""
    policy, queues = f"full{names.env}", f"{names.prefix}{module}.v1".replace(".", r"\.")
    put = ("set_policy", "--apply-to", "queues", policy, queues, '{"max-length": 1}')
    await asyncio.to_thread(node.ctl, *put)
    try:
        yield
    finally:
        await asyncio.to_thread(node.ctl, "clear_policy", policy)


@asynccontextmanager
async def frozen(node: RabbitNode, names: Names, module: str) -> AsyncIterator[None]:
    """Lets the queues of a module say neither yes nor no, as those whose leader is lost."""
    queues = [names.partition_queue(module, each) for each in range(PARTITIONS)]
    for each in queues:
        await asyncio.to_thread(node.ctl, "eval", f"sys:suspend(whereis('%2F_{each}')).")
    try:
        yield
    finally:
        for each in queues:
            await asyncio.to_thread(node.ctl, "eval", f"sys:resume(whereis('%2F_{each}')).")


Trouble = Callable[[RabbitNode, Names, str], Any]


@pytest.mark.parametrize("trouble", [pytest.param(full, marks=pytest.mark.full), frozen])
async def test_one_that_takes_nothing_starves_no_other(
    office: Office, node: RabbitNode, names: Names, trouble: Trouble
) -> None:
    """Neither who is sent commands, nor who hears the same events."""
    books = [f"b{n}" for n in range(WINDOW + 50)]
    async with office.open("desk", "archive") as shop:
        await shop.send(desk.Write(book="first", line=0))
        await shop.settle()
        async with trouble(node, names, "readers"):
            for line in range(2):
                await shop.send(*[desk.Write(book=book, line=line) for book in books])
            done = 4 * len(books) + 2
            await until(lambda: len(office.lines("archive")) == done, patience=30)
    async with office.open() as shop:
        await shop.settle()

    for book in books:
        for module, what in (("archive", "heard"), ("archive", "filed"), ("readers", None)):
            assert office.numbers(module, book, what) == [0, 1], (module, book)


async def test_a_program_outside_hears_events_that_modules_get_one_by_one(
    office: Office, node: RabbitNode, names: Names, channel: Any
) -> None:
    lines, heard = 20, set()

    async def hear(message: DeliveredMessage) -> None:
        assert "BCC" not in (message.header.properties.headers or {})
        heard.add(message.header.properties.message_id)

    async with office.open("desk", "archive") as shop:
        await shop.settle()
        async with full(node, names, "readers"), channel() as outside:
            queue = (await outside.queue_declare(exclusive=True)).queue
            await outside.queue_bind(queue, names.events("desk"), "desk.Written.v1.*")
            await outside.basic_consume(queue, hear, no_ack=True)
            await shop.send(*[desk.Write(book=f"b{n % 3}", line=n) for n in range(lines)])
            await until(lambda: len(heard) == lines)


async def test_a_queue_that_was_full_takes_messages_again_from_whoever_it_refused(
    office: Office, node: RabbitNode, names: Names
) -> None:
    """RabbitMQ goes on refusing what comes on a channel, though the limit that it was refused for is gone."""
    async with office.open("desk", "archive") as shop:
        async with full(node, names, "readers"):
            await shop.send(*[desk.Write(book=f"b{n}", line=0) for n in range(4 * PARTITIONS)])
            await until(lambda: len(office.lines("archive")) == 8 * PARTITIONS)
        await shop.settle()


async def test_a_confirm_that_does_not_come_is_told_though_the_connection_answers(
    office: Office, node: RabbitNode, names: Names
) -> None:
    settings = {"rabbitmq.confirm_timeout_seconds": 0.5}
    async with office.open("desk", "archive", settings=settings) as shop:
        await shop.send(desk.Write(book="b", line=0))
        await shop.settle()
        async with frozen(node, names, "readers"):
            await shop.send(desk.Write(book="b", line=1))
            await until(lambda: "no confirm within" in shop.host.health.degraded.get("broker", ""))
        await shop.settle()
