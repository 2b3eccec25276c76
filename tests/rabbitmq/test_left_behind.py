"""What an earlier way of running left at the broker is handled, or becomes a dead letter; none of it stays unseen."""

from typing import Any

import pytest
from aiormq.exceptions import ChannelNotFoundEntity

from amphibus.messages.envelope import Envelope
from amphibus.testing import environment
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import PARTITIONS, Office, until
from amphibus.transports.rabbitmq.names import LEADER_LOCATOR, Names
from amphibus.transports.rabbitmq.properties import properties_of
from tests.services.rabbitmq import RabbitNode

pytestmark = pytest.mark.asyncio
GIVEN_UP = 40
LINES = 20


async def test_the_monolith_gets_what_the_broker_gave_up(
    office: Office, node: RabbitNode, names: Names, channel: Any
) -> None:
    async with office.open() as shop:
        await shop.settle()
    async with channel() as broker:
        for number in range(GIVEN_UP):
            what = _line(number)
            await broker.basic_publish(
                what.body,
                routing_key=names.dead("desk"),
                properties=properties_of(what, user="guest"),
            )
    alone = Office("memory", office.data)
    async with alone.open(settings={"amqp_url": node.url, "env": environment(office.data)}) as shop:
        assert len(shop.dead("desk")) == GIVEN_UP
    async with channel() as broker:
        assert (await broker.queue_declare(names.dead("desk"), passive=True)).message_count == 0


async def test_queues_of_partitions_that_are_no_more_are_emptied_first(
    office: Office, names: Names, channel: Any
) -> None:
    before = {"bus.partitions": 2 * PARTITIONS}
    books = [f"b{n}" for n in range(10)]
    async with office.open("desk", settings=before) as shop:
        for line in range(LINES):
            await shop.send(*[desk.Write(book=book, line=line) for book in books])
        await until(
            lambda: (
                len(office.lines("desk")) == LINES * len(books)
                and not office.count("desk", "amphibus_delivery")
            )
        )
        queues = [names.partition_queue("readers", each) for each in range(2 * PARTITIONS)]
    async with office.open() as shop:
        await until(lambda: len(office.lines("readers")) == LINES * len(books))
        await shop.settle()

    for book in books:
        assert office.numbers("readers", book) == list(range(LINES))
    for queue in queues[PARTITIONS:]:
        with pytest.raises(ChannelNotFoundEntity):
            async with channel() as broker:
                await broker.queue_declare(queue, passive=True)


def _line(number: int) -> Envelope:
    given: dict[str, Any] = {"key": f"b{number}", "time": 0, "correlation": "c", "causation": None}
    body = b'{"book": "b", "line": 1}'
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    return Envelope(
        id=f"m{number}", type="desk.Write.v1", source="gateway", trace=trace, body=body, **given
    )


async def test_queues_of_an_earlier_version_serve_as_they_are(
    office: Office, names: Names, channel: Any
) -> None:
    """They do not say where their leaders live, which cannot be changed afterwards."""
    async with channel() as broker:
        for partition in range(PARTITIONS):
            arguments = names.arguments("readers")
            del arguments[LEADER_LOCATOR]
            await broker.queue_declare(
                names.partition_queue("readers", partition), durable=True, arguments=arguments
            )
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()

    assert office.numbers("readers", "b") == [1]
