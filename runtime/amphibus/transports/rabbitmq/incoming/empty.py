"""Finds out that nothing is left in queues that are consumed here, at the broker or on the way."""

import asyncio
from collections.abc import Mapping
from typing import Final

from pamqp.commands import Queue

from amphibus.transports.rabbitmq.connection import LOST
from amphibus.transports.rabbitmq.incoming.queue_consumer import QueueConsumer

_ANSWER_SECONDS: Final = 10.0


def is_empty(found: Queue.DeclareOk) -> bool:
    """Returns whether nothing waits in a queue that is consumed by whoever asked.

    If the leader of a quorum queue is silent for a quarter of a second, the broker says that there is nothing in it,
    neither a message nor a consumer.
    """
    return bool(found.consumer_count) and not found.message_count


async def all_empty(queue_consumers: Mapping[str, QueueConsumer]) -> bool:
    """Returns whether nothing waits in these queues, by name, and every delivery is safe.

    It asks the broker on the channel that consumes a queue: deliveries that the broker sent before
    its answer have come before its answer.
    """
    received = {
        queue: queue_consumer.window.received for queue, queue_consumer in queue_consumers.items()
    }
    for queue, queue_consumer in queue_consumers.items():
        if not queue_consumer.window.idle:
            return False
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                found = await queue_consumer.window.channel.queue_declare(queue, passive=True)
        except LOST:
            return False
        if not is_empty(found):
            return False
    await asyncio.sleep(0)
    return all(
        queue_consumer.window.idle and queue_consumer.window.received == received[queue]
        for queue, queue_consumer in queue_consumers.items()
    )
