"""What is asked and not kept."""

import asyncio
import time
from typing import Any

import pytest
from yarl import URL

from amphibus.errors import OwnerAway, RequestTimeout
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until
from amphibus.transports.rabbitmq import requests
from amphibus.transports.rabbitmq.connection import channel_of, connect
from tests.services.proxy import proxy_before
from tests.services.rabbitmq import RabbitNode

pytestmark = pytest.mark.asyncio


async def test_nobody_listening_is_known_at_once(office: Office) -> None:
    async with office.open("archive") as shop:
        began = time.monotonic()
        with pytest.raises(OwnerAway, match="desk is not there"):
            await shop.request(desk.Write(book="b", line=1), timeout=30)

        assert time.monotonic() - began < 2


async def test_many_are_asked_at_once(office: Office) -> None:
    """The library's own client asks one after the other."""
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()
        answers = await asyncio.gather(*(shop.ask(desk.Count(book="b")) for _ in range(200)))

    assert {answer.lines for answer in answers} == {1}


async def test_a_connection_that_is_lost_leaves_the_outcome_open(
    office: Office, node: RabbitNode
) -> None:
    async with office.open() as shop:
        asking = asyncio.ensure_future(
            shop.request(desk.Write(book="b", line=1, mood="hold"), timeout=30)
        )
        await until(lambda: office.script.held)
        await asyncio.to_thread(node.ctl, "close_all_connections", "a test")
        with pytest.raises(RequestTimeout, match="connection was lost"):
            await asking
        office.script.gate.set()
        await until(lambda: office.numbers("desk", "b") == [1])


async def test_while_the_broker_is_away_nothing_was_done(office: Office, node: RabbitNode) -> None:
    async with office.open() as shop:
        await node.do("stop")
        try:
            with pytest.raises(OwnerAway, match="away"):
                await shop.request(desk.Write(book="b", line=1), timeout=1)
        finally:
            await node.do("start")
    assert office.lines("desk") == []


async def test_a_broker_that_answers_no_more_is_not_waited_for_without_end(
    office: Office, node: RabbitNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "_ANSWER_SECONDS", 0.2)
    async with office.open() as shop, proxy_before(node.url) as (proxy, through):
        asking: Any = shop.host.transport.requests
        channel = await channel_of(await connect("a test", asking._broker, URL(through)))
        proxy.freeze()
        listening = asyncio.ensure_future(asking._listen(channel))
        await asyncio.wait([listening], timeout=10)

        assert isinstance(listening.exception(), TimeoutError)


async def test_requests_go_on_without_a_net_whose_node_is_away(
    office: Office, node: RabbitNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office.open() as shop, proxy_before(node.url) as (proxy, through):
        asking: Any = shop.host.transport.requests
        connection = await connect("a test", asking._broker, URL(through))

        async def opened(*of: Any, **how: Any) -> Any:
            channel = await channel_of(*of, **how)
            proxy.freeze()
            return channel

        (inbound, *_) = asking.inbound_queues()
        monkeypatch.setattr(requests, "_ANSWER_SECONDS", 0.2)
        monkeypatch.setattr(requests, "channel_of", opened)
        async with asyncio.timeout(10):
            await asking._try_net(connection, inbound)

        assert "no answer in time about" in shop.host.health.degraded["broker"]
        assert (await shop.ask(desk.Count(book="b"))).lines == 0
