"""A consumer whose prefetch grows takes over from itself: no order is lost by it, and it can be ended at any time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import aiormq
import pytest
from aio_pika.abc import AbstractRobustChannel
from aiormq.abc import DeliveredMessage
from aiormq.channel import Channel
from pamqp.commands import Basic

from amphibus.messages.ids import new_id
from amphibus.testing.conformance.office import until
from amphibus.transport import Ack
from amphibus.transports.rabbitmq.incoming.ack_window import AckWindow
from amphibus.transports.rabbitmq.incoming.queue_consumer import QueueConsumer
from amphibus.transports.rabbitmq.names import Names
from amphibus.transports.rabbitmq.properties import Arrival, of_delivery
from tests.services.rabbitmq import RabbitNode

pytestmark = pytest.mark.asyncio
_FEW, _MANY = 8, 40


@dataclass
class Partition:
    """The queue of one partition on a channel of our own, with messages of one key in it."""

    name: str
    channel: Channel
    consumer: QueueConsumer
    taken: list[int] = field(default_factory=list)

    async def send(self, *numbers: int) -> None:
        properties = Basic.Properties(headers={"ce-partitionkey": "k"}, delivery_mode=2)
        connection = await aiormq.connect(str(cast(Any, self.channel.connection).url))
        channel = await connection.channel()
        for number in numbers:
            await channel.basic_publish(
                str(number).encode(), routing_key=self.name, properties=properties
            )
        await connection.close()

    async def until_delivered(self) -> None:
        """Returns when nothing waits at the broker, and what was delivered has come."""
        async with asyncio.timeout(15):
            while await self._waiting():
                await asyncio.sleep(0.01)
        await self._waiting()
        await asyncio.sleep(0)

    async def _waiting(self) -> int:
        return (await self.channel.queue_declare(self.name, passive=True)).message_count or 0

    async def widen(self) -> None:
        """Looks twice, as it is widened only if nothing came in between."""
        for _ in range(2):
            await self.consumer.widen(self.name)


@pytest.fixture
def partition(node: RabbitNode, names: Names) -> Any:
    """Opens it: `async with partition() as queue`."""

    @asynccontextmanager
    async def opened(prefetch: int = _FEW) -> AsyncIterator[Partition]:
        connection = await aiormq.connect(node.url)
        channel = cast(Channel, await connection.channel(publisher_confirms=False))
        name = f"widened {new_id()}"
        await channel.queue_declare(name, durable=True, arguments=names.arguments("desk"))

        def take(arrival: Arrival, _ack: Ack) -> None:
            queue.taken.append(int(arrival.body))

        window = AckWindow(channel, take)
        consumer = QueueConsumer(cast(AbstractRobustChannel, channel), window, None, prefetch)
        queue = Partition(name, channel, consumer)

        async def arrived(message: DeliveredMessage) -> None:
            window.arrived(message.delivery_tag or 0, of_delivery(message))

        await channel.basic_qos(prefetch_count=prefetch)
        # After every tag that the library would choose.
        await channel.basic_consume(name, arrived, consumer_tag="tag")
        try:
            yield queue
        finally:
            await connection.close()
            connection = await aiormq.connect(node.url)
            await (await connection.channel()).queue_delete(name)
            await connection.close()

    return opened


async def test_what_it_had_comes_again_in_its_order(partition: Any, channel: Any) -> None:
    """RabbitMQ 3 gives back what each consumer of a lost channel had, in the order of the consumers' tags."""
    again: list[int] = []

    async def arrived(message: DeliveredMessage) -> None:
        again.append(int(message.body))

    async with partition() as queue:
        await queue.send(*range(_MANY))
        await until(lambda: len(queue.taken) == _FEW)
        await queue.widen()
        await until(lambda: len(queue.taken) == _MANY)
        await queue.channel.close()
        async with channel() as stranger:
            await stranger.basic_consume(queue.name, arrived)
            await until(lambda: len(again) == _MANY)

    assert queue.taken == list(range(_MANY))
    assert again == list(range(_MANY))


async def test_it_ends_while_it_is_widened(partition: Any) -> None:
    async with partition() as queue:
        await queue.send(*range(_FEW))
        await until(lambda: len(queue.taken) == _FEW)
        await queue.consumer.widen(queue.name)
        await asyncio.gather(queue.consumer.widen(queue.name), queue.consumer.cancel())

        assert queue.consumer.cancelled
        assert not queue.channel.consumers


async def test_what_is_released_takes_nothing_more(partition: Any) -> None:
    """Else its next owner could be at work on a message that is under way here."""
    async with partition() as queue:
        await queue.consumer.release()
        await queue.send(1)
        await queue.until_delivered()

        assert queue.taken == []
