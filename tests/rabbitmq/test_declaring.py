"""What a module needs at the broker is looked after, whoever waits for what another one needs."""

import asyncio
from typing import Any, cast

import pytest
from aiormq import Connection
from aiormq.exceptions import ChannelAccessRefused, ChannelNotFoundEntity

from amphibus.config.settings import RabbitSettings
from amphibus.testing.conformance.business import project
from amphibus.transports.rabbitmq.connection import TOPOLOGY, Broker
from amphibus.transports.rabbitmq.declare import Declarer
from amphibus.transports.rabbitmq.names import Names

pytestmark = pytest.mark.asyncio
NAMES = Names("shop", "dev", 2, project().topology())
OF_THE_DESK = NAMES.partition_queue("desk", 1)


class Things:
    """What a broker has, and whether one may declare there."""

    def __init__(self, *missing: str, forbidden: bool = False) -> None:
        self.missing = {*missing}
        self.forbidden = forbidden
        self.channels = 0


class Channel:
    """A channel, which is closed by whatever is refused."""

    def __init__(self, things: Things) -> None:
        self._things = things
        self.is_closed = False

    async def exchange_declare(self, name: str, *, passive: bool = False, **_: Any) -> None:
        if self.is_closed:
            raise RuntimeError("closed")
        if passive and name in self._things.missing:
            self.is_closed = True
            raise ChannelNotFoundEntity(name)
        if not passive and self._things.forbidden:
            self.is_closed = True
            raise ChannelAccessRefused(name)
        self._things.missing.discard(name)

    queue_declare = exchange_declare

    async def queue_bind(self, *_: str) -> None:
        """Is allowed wherever things are declared."""

    async def close(self) -> None:
        self.is_closed = True


class Connected:
    """A connection that lives."""

    def __init__(self, things: Things) -> None:
        self._things = things

    async def channel(self, **_: Any) -> Channel:
        self._things.channels += 1
        return Channel(self._things)


def made(things: Things) -> tuple[Declarer, Broker, Connection]:
    broker = Broker("amqp://guest:guest@127.0.0.1:1/", RabbitSettings())
    return Declarer(NAMES, broker), broker, cast(Connection, Connected(things))


async def test_who_waits_for_an_administrator_holds_up_no_module_that_has_what_it_needs() -> None:
    """It would not even notice that its connection is lost."""
    things = Things(OF_THE_DESK, forbidden=True)
    declarer, broker, connection = made(things)
    waiting = asyncio.ensure_future(declarer.ensure(connection, 0.0))
    async with asyncio.timeout(30):
        while TOPOLOGY not in broker._troubles:
            await asyncio.sleep(0.01)
        await declarer.refresh(connection, ["archive"])
        assert OF_THE_DESK in broker._troubles[TOPOLOGY]
        assert not waiting.done()
        things.missing.clear()
        await waiting
    assert TOPOLOGY not in broker._troubles


async def test_whatever_is_there_is_looked_after_on_one_channel() -> None:
    things = Things()
    declarer, _, connection = made(things)
    await declarer.refresh(connection, NAMES.topology.modules)

    assert things.channels == 1


async def test_an_exchange_that_is_gone_is_told_of_and_made_again() -> None:
    things, told = Things(NAMES.events("desk")), list[str]()
    declarer, _, connection = made(things)
    declarer.on_missing = lambda: told.append("missing")
    await declarer.refresh(connection, ["desk"])

    assert (told, things.missing) == (["missing"], set())
