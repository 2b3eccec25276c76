"""Requests that go directly, with the broker as the net below them and the inbox behind both."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from amphibus.errors import RequestError
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until
from amphibus.transports.direct.transport import DirectTransport
from tests.services.rabbitmq import RabbitNode

pytestmark = pytest.mark.asyncio


@pytest.fixture
def direct(tmp_path: Path, node: RabbitNode) -> Office:
    return Office("rabbitmq+direct", tmp_path, amqp_url=node.url)


def _cut(transport: DirectTransport) -> None:
    for writer in list(transport._server._connections):
        writer.transport.abort()


def _asked(shop: Any, way: str) -> float:
    found = shop.host.meters.registry.get_sample_value("amphibus_requests_total", {"way": way})
    return float(found or 0)


async def test_a_decided_command_whose_connection_is_lost_is_done_once(direct: Office) -> None:
    """It goes again over the broker, under its id, while it is still being done."""
    async with direct.open() as shop:
        command = desk.Write(book="b", line=1, mood="hold")
        asking = asyncio.ensure_future(shop.request(command, timeout=100))
        await until(lambda: direct.script.held)
        assert isinstance(shop.host.transport, DirectTransport)
        _cut(shop.host.transport)
        await until(lambda: _asked(shop, "broker") == 1)
        direct.script.gate.set()

        assert await asking == desk.Noted(book="b", line=1, page=0)
    assert direct.numbers("desk", "b") == [1]


async def test_a_command_that_was_done_is_answered_again_on_the_other_way(direct: Office) -> None:
    async with direct.open() as shop:
        command = desk.Write(book="b", line=1)
        first = await shop.request(command, message_id="same")
        assert isinstance(shop.host.transport, DirectTransport)
        shop.host.transport._server.detach("desk")
        again = await shop.request(command, message_id="same")

        assert first == again == desk.Noted(book="b", line=1, page=0)
        assert (_asked(shop, "direct"), _asked(shop, "broker")) == (1, 1)
    assert direct.numbers("desk", "b") == [1]


@pytest.mark.full
async def test_without_the_broker_requests_go_on_and_the_rest_waits(
    tmp_path: Path, fragile: RabbitNode
) -> None:
    direct = Office("rabbitmq+direct", tmp_path, amqp_url=fragile.url)
    async with direct.open() as shop:
        await asyncio.to_thread(fragile.kill)
        await until(lambda: "requests go directly" in shop.host.health.degraded.get("broker", ""))
        assert shop.host.health.ready
        await shop.request(desk.Write(book="b", line=1))
        await shop.send(desk.Write(book="b", line=2))

        assert await shop.ask(desk.Count(book="b")) == desk.Counted(lines=1)
        assert isinstance(shop.host.transport, DirectTransport)
        shop.host.transport._server.detach("desk")
        with pytest.raises(RequestError):  # the broker's own connection may not have noticed yet
            await shop.ask(desk.Count(book="b"))
        await asyncio.to_thread(fragile.start)
        await until(lambda: direct.numbers("desk", "b") == [1, 2], patience=60)
