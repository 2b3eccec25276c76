"""Durable quorum queues, and messages put into them."""

import asyncio
from collections.abc import Sequence
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel

QUORUM: dict[str, Any] = {"x-queue-type": "quorum"}
_AT_ONCE = 64


def persistent(body: bytes, **more: Any) -> aio_pika.Message:
    """A message that the broker keeps."""
    return aio_pika.Message(
        body,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        content_type="application/json",
        **more,
    )


async def fill(amqp_url: str, queue: str, bodies: Sequence[bytes]) -> None:
    """Declares a queue and puts messages into it, until all are confirmed."""
    connection = await aio_pika.connect(amqp_url)
    async with connection:
        channel = await connection.channel()
        await channel.declare_queue(queue, durable=True, arguments=QUORUM)
        await publish_all(channel, [queue], bodies)


async def publish_all(
    channel: AbstractChannel, queues: Sequence[str], bodies: Sequence[bytes]
) -> None:
    """Publishes with 64 confirms in flight, over these queues in turn."""
    left = iter(enumerate(bodies))

    async def one_after_another() -> None:
        for number, body in left:
            await channel.default_exchange.publish(
                persistent(body), routing_key=queues[number % len(queues)]
            )

    await asyncio.gather(*(one_after_another() for _ in range(_AT_ONCE)))
