"""Queues about which the broker says nothing, as RabbitMQ 4 does of those whose node is away: none holds up another."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import aiormq
import pytest
from aiormq.channel import Channel

from amphibus.transports.rabbitmq.incoming.empty import all_empty
from amphibus.transports.rabbitmq.incoming.query_queues import QueryQueues
from amphibus.transports.rabbitmq.incoming.queue_consumer import open_consumer
from amphibus.transports.rabbitmq.names import Names
from tests.services.rabbitmq import RabbitNode

pytestmark = pytest.mark.asyncio
_MODULES = [f"silent{number}" for number in range(30)]
_ONE_AFTER_THE_OTHER = 2.0 * len(_MODULES)
"""Seconds that it takes at least to wait for each by itself."""


@contextmanager
def _silent(node: RabbitNode, names: Names) -> Iterator[None]:
    """Has the processes of the queues rest."""
    queues = (
        f'[sys:WHAT(amqqueue:get_pid(Q)) || Q <- rabbit_amqqueue:list(<<"/">>),'
        f' lists:prefix("{names.prefix}silent", binary_to_list(element(4, amqqueue:get_name(Q))))].'
    )
    node.evaluate(queues.replace("WHAT", "suspend"))
    try:
        yield
    finally:
        node.evaluate(queues.replace("WHAT", "resume"))


async def test_they_are_waited_for_together(node: RabbitNode, names: Names) -> None:
    connection = await aiormq.connect(node.url)
    channel = await connection.channel()
    for module in _MODULES:
        queue, _ = names.of_queries(module)
        await channel.queue_declare(
            queue.name, durable=True, auto_delete=True, arguments=dict(queue.arguments)
        )
    try:
        with _silent(node, names):
            async with asyncio.timeout(_ONE_AFTER_THE_OTHER):
                await QueryQueues(names).refresh(connection, _MODULES)
    finally:
        for module in _MODULES:
            await channel.queue_delete(names.queries(module))
        await connection.close()


async def test_one_whose_leader_is_silent_is_not_taken_for_empty(
    node: RabbitNode, names: Names
) -> None:
    """The broker says of it that there is neither a message nor a consumer."""
    queue = names.partition_queue("silent", 0)
    connection = await aiormq.connect(node.url)
    channel = await connection.channel()
    await channel.queue_declare(queue, durable=True, arguments=names.arguments("silent"))
    try:
        consumers = {
            queue: await open_consumer(connection, queue, lambda *_: None, 10, _with_nothing)
        }
        async with asyncio.timeout(100):
            while not await all_empty(consumers):
                await asyncio.sleep(0.05)
        with _silent(node, names):
            said = await channel.queue_declare(queue, passive=True)
            assert (said.message_count, said.consumer_count) == (0, 0)
            assert not await all_empty(consumers)
    finally:
        await channel.queue_delete(queue)
        await connection.close()


async def _with_nothing(_channel: Channel) -> None:
    """Prepares nothing."""
