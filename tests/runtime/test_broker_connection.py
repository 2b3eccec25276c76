"""A connection to the broker is made again, whatever broke it."""

import asyncio
from types import SimpleNamespace
from typing import Final, cast

import pytest
from aiormq import Connection
from structlog.testing import capture_logs

from amphibus.config.settings import RabbitSettings
from amphibus.transports.rabbitmq.connection import Broker, BrokerConnection

pytestmark = pytest.mark.asyncio
_ANY: Final = cast(Connection, SimpleNamespace(server_properties={}))


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
    async with asyncio.timeout(30):
        await served.wait()
    await connection.close()


async def test_it_ends_when_it_is_told_to() -> None:
    broker = Broker("amqp://guest:guest@127.0.0.1:1/", RabbitSettings())

    async def once(_url: object) -> None:
        connection.served()
        await asyncio.Event().wait()

    connection = BrokerConnection("test", broker, once)
    await connection.open()
    async with asyncio.timeout(30):
        await connection.close()


async def test_a_frozen_broker_is_away_until_it_answers_or_publishing_gives_up() -> None:
    """Requests give up first; that is no reason to publish again, nor to have patience with it anew."""
    broker = Broker("amqp://guest:guest@127.0.0.1:1/", RabbitSettings())
    for part in ("publish", "requests"):
        broker.connected(part, _ANY)
    broker.silent("it has not answered for 1.5 s")
    seen = [broker.takes_messages]
    broker.lack("requests", "the broker answers no more")
    seen.append(broker.takes_messages)
    broker.connected("requests", _ANY)
    seen.append(broker.takes_messages)
    broker.silent("it has not answered for 1.5 s")
    broker.lack("requests", "the broker answers no more")
    broker.lack("publish", "the broker answers no more")
    broker.connected("publish", _ANY)
    seen.append(broker.takes_messages)

    assert seen == [False, False, True, True]


async def test_a_broker_that_is_away_is_named_by_the_address_that_failed_and_work_is_accepted() -> (
    None
):
    """Another connection may have moved on to the next address meanwhile."""
    broker = Broker("amqp://a:b@one:1,two:2/", RabbitSettings())
    broker.health.started()
    broker.works()
    failed = broker.url
    broker.rotate(failed)
    with capture_logs() as lines:
        for _ in range(3):
            broker.lack("publish", "connection refused", at=failed)

    assert [(each["event"], each["host"]) for each in lines] == [("broker.lost", "one:1")]
    assert broker.health.ready
    assert broker.health.degraded["broker"].startswith("one:1: connection refused")
    broker.has("publish")
    assert broker.health.degraded == {}
