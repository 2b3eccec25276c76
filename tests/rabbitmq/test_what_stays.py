"""Whoever looks again and again whether a connection is lost leaves nothing behind: the library keeps each look."""

import asyncio
import gc
from collections.abc import Awaitable, Callable

import pytest
from aiormq import Connection

from amphibus.config.settings import RabbitSettings
from amphibus.testing.conformance.business import project
from amphibus.transports.rabbitmq import requests
from amphibus.transports.rabbitmq.connection import Broker
from amphibus.transports.rabbitmq.declare import Declarer
from amphibus.transports.rabbitmq.names import Names
from amphibus.transports.rabbitmq.outgoing.destination import DestinationPublisher

pytestmark = pytest.mark.asyncio
URL = "amqp://guest:guest@127.0.0.1:1/"
MANY = 50


async def _left_by(look: Callable[[], Awaitable[object]]) -> int:
    """Returns how many futures there are more after many looks than after a few."""
    counted = []
    for times in (2, MANY):
        for _ in range(times):
            await look()
        await asyncio.sleep(0)
        gc.collect()
        counted.append(sum(isinstance(each, asyncio.Future) for each in gc.get_objects()))
    return counted[1] - counted[0]


async def test_who_asks_and_replies(monkeypatch: pytest.MonkeyPatch) -> None:
    """It grew by five megabytes an hour."""
    monkeypatch.setattr(requests, "_LOOK_SECONDS", 0.0)
    connection, spare = Connection(URL), Connection(URL)
    silent: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    assert await _left_by(lambda: requests._lost(silent, spare, connection)) <= 0  # type: ignore[arg-type]


async def test_who_publishes_to_a_full_queue_on_one_channel_after_the_other() -> None:
    connection, broker = Connection(URL), Broker(URL, RabbitSettings())
    declarer = Declarer(Names("shop", "dev", 2, project().topology()), broker)
    publisher = DestinationPublisher(
        "desk",
        broker,
        declarer,
        confirm_seconds=1.0,
        put=lambda _: None,
        strayed=lambda: None,
    )
    publisher._broken.set()

    async def look() -> None:
        await publisher._watch(connection, asyncio.get_running_loop().create_future())

    assert await _left_by(look) <= 0
