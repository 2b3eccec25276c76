"""What is asked and not kept."""

import asyncio
import time
from typing import Any

import pytest
from pamqp.commands import Basic
from yarl import URL

from amphibus.config.settings import RabbitSettings
from amphibus.errors import OwnerAway, RequestTimeout
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until
from amphibus.transports.rabbitmq import liveness, pulse, requests
from amphibus.transports.rabbitmq.connection import Broker, channel_of, connect
from amphibus.transports.rabbitmq.incoming import nets
from amphibus.transports.rabbitmq.names import Names
from tests.services.proxy import proxy_before
from tests.services.rabbitmq import RabbitNode

pytestmark = pytest.mark.asyncio


async def test_nobody_listening_is_known_at_once(office: Office) -> None:
    async with office.open("archive") as shop:
        began = time.monotonic()
        with pytest.raises(OwnerAway, match="desk is not there"):
            await shop.request(desk.Write(book="b", line=1), timeout=100)

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
            shop.request(desk.Write(book="b", line=1, mood="hold"), timeout=100)
        )
        await until(lambda: office.script.held)
        await asyncio.to_thread(node.ctl, "close_all_connections", "a test")
        with pytest.raises(RequestTimeout, match="connection was lost"):
            await asking
        office.script.gate.set()
        await until(lambda: office.numbers("desk", "b") == [1])


@pytest.mark.full
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
        await asyncio.wait([listening], timeout=100)

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

        (inbound, *_) = asking.nets.inbound_queues()
        monkeypatch.setattr(nets, "_ANSWER_SECONDS", 0.2)
        monkeypatch.setattr(nets, "channel_of", opened)
        async with asyncio.timeout(30):
            await asking.nets._try(connection, inbound)

        assert "no answer in time about" in shop.host.health.degraded["broker"]
        assert (await shop.ask(desk.Count(book="b"))).lines == 0


async def test_a_half_open_connection_is_noticed_long_before_its_heartbeats(
    office: Office, node: RabbitNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both of an idle process: that of requests, and that of what is published."""
    monkeypatch.setattr(liveness, "_PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(liveness, "_ANSWER_SECONDS", 0.3)
    async with proxy_before(node.url) as (proxy, through):
        office.amqp_url = through
        async with office.open() as shop:
            transport: Any = shop.host.transport
            before = transport._publisher._connection
            asking = asyncio.ensure_future(
                shop.request(desk.Write(book="b", line=1, mood="hold"), timeout=60)
            )
            await until(lambda: office.script.held)
            proxy.freeze()
            with pytest.raises(RequestTimeout, match="connection was lost"):
                await asyncio.wait_for(asking, 100)
            await until(lambda: transport._publisher._connection not in (before, None))
            office.script.gate.set()


async def test_a_broker_that_is_silent_is_told_of_and_not_hung_up_on(
    office: Office, node: RabbitNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readiness must say it within three seconds; a connection is given up much later."""
    assert pulse._PAUSE_SECONDS + pulse._SILENT_SECONDS + pulse._OWN_DELAY_SECONDS < 3
    monkeypatch.setattr(pulse, "_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(pulse, "_SILENT_SECONDS", 0.2)
    async with proxy_before(node.url) as (proxy, through):
        office.amqp_url = through
        async with office.open() as shop:
            transport: Any = shop.host.transport
            address = transport.requests.address
            proxy.freeze()
            await until(lambda: "has not answered" in shop.host.health.degraded.get("broker", ""))
            assert shop.host.health.ready
            proxy.thaw()
            await until(lambda: "broker" not in shop.host.health.degraded)

            assert transport.requests.address == address
            assert (await shop.ask(desk.Count(book="b"))).lines == 0


async def test_a_broker_that_falls_silent_as_soon_as_it_is_connected_is_told_of(
    node: RabbitNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "_SILENT_SECONDS", 0.2)
    told = asyncio.Queue[str]()
    async with proxy_before(node.url) as (proxy, through):
        broker = Broker(through, RabbitSettings())
        connection = await connect("a test", broker, broker.url)
        proxy.freeze()
        async with pulse.pulse(connection, told.put_nowait), asyncio.timeout(30):
            assert "has not answered" in await told.get()
            proxy.thaw()
            assert await told.get() == ""
        await connection.close()


async def test_a_broker_that_takes_nothing_for_now_is_not_away(
    office: Office, node: RabbitNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(liveness, "_ANSWER_SECONDS", 0.2)
    async with office.open() as shop:
        transport: Any = shop.host.transport
        connection = transport._publisher._connection
        await asyncio.to_thread(node.ctl, "set_vm_memory_high_watermark", "0.0001")
        try:
            await shop.send(desk.Write(book="b", line=1))
            async with asyncio.timeout(100):
                while not await liveness.blocked(connection):
                    await asyncio.sleep(0.05)
            monkeypatch.setattr(pulse, "_SILENT_SECONDS", 0.05)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(liveness.watch(connection), 2)
            assert "answered" not in shop.host.health.degraded.get("broker", "")
        finally:
            await asyncio.to_thread(node.ctl, "set_vm_memory_high_watermark", "0.4")
        await shop.settle()

        assert transport._publisher._connection is connection


async def test_a_net_that_is_forbidden_takes_no_connection_from_requests(
    office: Office, node: RabbitNode, names: Names, channel: Any
) -> None:
    """It is opened again once it may be, as is one that was deleted."""
    net = names.dead("desk")
    async with office.open() as shop, channel() as stranger:
        asking: Any = shop.host.transport.requests
        address = asking.address
        await _may_read(node, f"^(?!{net}$).*")
        try:
            await stranger.queue_delete(net)
            await until(lambda: "ACCESS_REFUSED" in shop.host.health.degraded.get("broker", ""))
            assert (await shop.ask(desk.Count(book="b"))).lines == 0
        finally:
            await _may_read(node, ".*")
        await until(lambda: "broker" not in shop.host.health.degraded)

        assert asking.address == address
        assert (await stranger.queue_declare(net, passive=True)).consumer_count == 1


async def test_a_reply_to_where_nothing_is_takes_no_connection_from_requests(
    office: Office, names: Names, channel: Any
) -> None:
    """Its asker says where it goes; all that was asked here would be lost with it, as often as that is wanted."""
    query = Basic.Properties(
        headers={"ce-id": "q", "ce-type": "desk.Count.v1", "ce-source": "archive"},
        reply_to=f"archive/{'0' * 32}",
    )
    async with office.open() as shop, channel() as stranger:
        asking: Any = shop.host.transport.requests
        address, replying = asking.address, asking._replying
        await stranger.exchange_delete(names.replies("archive"))
        await stranger.basic_publish(
            b'{"book": "b"}',
            exchange=names.commands("desk"),
            routing_key=names.key_of_request("desk.Count.v1"),
            properties=query,
        )
        await until(lambda: asking._replying is not replying)

        assert (await shop.ask(desk.Count(book="b"))).lines == 0
        assert asking.address == address


async def _may_read(node: RabbitNode, queues: str) -> None:
    await asyncio.to_thread(node.ctl, "set_permissions", "guest", ".*", ".*", queues)
