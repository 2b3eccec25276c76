"""A connection to the broker is made again, whatever broke it."""

import asyncio

import pytest

from amphibus.config.settings import RabbitSettings
from amphibus.transports.rabbitmq.connection import Broker, BrokerConnection

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize("broken", [Exception("no kind"), asyncio.CancelledError()])
async def test_whatever_ends_it_it_is_made_again(broken: BaseException) -> None:
    """The library raises bare exceptions, and cancels what waits on a connection that is cut."""
    broker = Broker("amqp://guest:guest@127.0.0.1:1/", RabbitSettings())
    served, times = asyncio.Event(), 0

    async def once(_url: object) -> None:
        nonlocal times
        times += 1
        if times == 1:
            raise broken
        served.set()
        await asyncio.Event().wait()

    connection = BrokerConnection("test", broker, once)
    await connection.open()
    assert "test" in broker._troubles
    async with asyncio.timeout(10):
        await served.wait()
    await connection.close()


async def test_it_ends_when_it_is_told_to() -> None:
    broker = Broker("amqp://guest:guest@127.0.0.1:1/", RabbitSettings())

    async def once(_url: object) -> None:
        connection.served()
        await asyncio.Event().wait()

    connection = BrokerConnection("test", broker, once)
    await connection.open()
    async with asyncio.timeout(5):
        await connection.close()
