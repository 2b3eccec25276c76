"""A look at whether a broker keeps what it takes."""

import os

import aiormq
from pamqp.commands import Basic


async def store_a_message(url: str) -> None:
    """Raises if a durable message is not confirmed."""
    connection = await aiormq.connect(url)
    try:
        channel = await connection.channel(publisher_confirms=True)
        name = f"amphibus-probe-{os.getpid()}"
        await channel.queue_declare(name, durable=True, arguments={"x-queue-type": "quorum"})
        await channel.basic_publish(
            b"", routing_key=name, properties=Basic.Properties(delivery_mode=2), timeout=10
        )
        await channel.queue_delete(name)
    finally:
        await connection.close()
