"""What is done to the client library is done to our own connections, and not at all to a version that is unknown."""

import asyncio
import contextlib
import logging

import aiormq
import pytest
from aiormq import Connection
from aiormq.channel import Channel
from aiormq.exceptions import ChannelInvalidStateError
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from amphibus.config.settings import RabbitSettings
from amphibus.errors import OwnerAway
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until
from amphibus.transports.rabbitmq import frame_reader, versions
from amphibus.transports.rabbitmq.connection import Broker, channel_of, connect, plain
from amphibus.transports.rabbitmq.frames import Address, Properties
from amphibus.transports.rabbitmq.incoming.queue_consumer import open_consumer
from amphibus.transports.rabbitmq.publish_channel import PublishChannel
from tests.services.proxy import proxy_before
from tests.services.rabbitmq import RabbitNode

pytestmark = pytest.mark.asyncio


@pytest.fixture(autouse=True)
def _nobody_else_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection of the test before may end a moment after it."""
    monkeypatch.setattr(frame_reader, "_readers", set())
    monkeypatch.setattr(ContentHeader, "unmarshal", frame_reader.LIBRARY_HEADER)
    monkeypatch.setattr(Basic.Deliver, "unmarshal", frame_reader.LIBRARY_DELIVERY)


async def test_nothing_of_the_library_is_changed_but_while_a_transport_is_open(
    office: Office,
) -> None:
    async with office.open():
        assert ContentHeader.unmarshal is not frame_reader.LIBRARY_HEADER

    await until(lambda: ContentHeader.unmarshal is frame_reader.LIBRARY_HEADER)
    assert Basic.Deliver.unmarshal is frame_reader.LIBRARY_DELIVERY


async def test_a_connection_of_somebody_else_is_read_by_the_library(
    office: Office, node: RabbitNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its program may rely on what the library does with a message that cannot be read."""
    read = []

    def ours(self: Basic.Deliver, data: bytes) -> None:
        read.append(data)
        frame_reader.LIBRARY_DELIVERY(self, data)

    monkeypatch.setattr(frame_reader, "read_delivery", ours)
    came = asyncio.Event()

    async def arrived(_message: object) -> None:
        came.set()

    async with office.open(), aiormq.connect(node.url) as connection:
        channel = await connection.channel()
        queue = (await channel.queue_declare("", exclusive=True)).queue or ""
        await channel.basic_consume(queue, arrived, no_ack=True)
        await channel.basic_publish(b"x", routing_key=queue)
        async with asyncio.timeout(30):
            await came.wait()

    assert read == []


async def test_the_library_may_say_what_it_likes_of_other_connections(
    office: Office, node: RabbitNode, caplog: pytest.LogCaptureFixture
) -> None:
    async with office.open(), aiormq.connect(node.url) as connection:
        level = logging.getLogger("aiormq").level
        await asyncio.to_thread(node.ctl, "close_all_connections", "a test")
        async with asyncio.timeout(30):
            await asyncio.wait([connection.closing])

    said = [each for each in caplog.records if each.name.startswith("aiormq")]
    assert level == logging.NOTSET
    lost = [each.getMessage() for each in said if "close from remote" in each.msg]
    assert len(lost) == 1
    assert str(connection) in lost[0]


async def test_with_a_version_that_was_not_tested_the_library_does_it_all(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is slower, and keeps every promise."""
    monkeypatch.setitem(versions.TESTED, "aiormq", "0.0")
    async with office.open("desk", "archive") as shop:
        assert ContentHeader.unmarshal is frame_reader.LIBRARY_HEADER
        for line in range(20):
            await shop.send(desk.Write(book="b", line=line))
        await shop.settle()
        assert await shop.ask(desk.Count(book="b")) == desk.Counted(lines=20)
    async with office.open("archive") as shop:
        with pytest.raises(OwnerAway, match="desk is not there"):
            await shop.ask(desk.Count(book="b"), timeout=100)

    assert office.numbers("desk", "b") == list(range(20))
    assert office.numbers("archive", "b", "filed") == list(range(20))


async def test_a_connection_that_is_cut_while_it_ends_does_not_hide_why_it_ends(
    node: RabbitNode,
) -> None:
    """What the library raises of it would be taken for a fault of ours, and the connection be left half open."""
    opened: list[Connection] = []
    async with proxy_before(node.url) as (proxy, through):

        async def serve(connection: Connection) -> None:
            opened.append(connection)
            await open_consumer(connection, "of-a-test", _nothing, 1, _declared)
            await proxy.end()
            raise LookupError("why")

        broker = Broker(through, RabbitSettings())
        with pytest.raises(LookupError, match="why"):
            await plain("consume", broker, serve)(broker.url)

        assert opened[0].is_closed


async def test_a_connection_is_closed_though_who_ends_it_is_cancelled_again_and_again(
    node: RabbitNode,
) -> None:
    opened = asyncio.Queue[Connection]()

    async def serve(connection: Connection) -> None:
        opened.put_nowait(connection)
        await asyncio.Event().wait()

    async with proxy_before(node.url) as (proxy, through):
        broker = Broker(through, RabbitSettings())
        task = asyncio.ensure_future(plain("consume", broker, serve)(broker.url))
        async with asyncio.timeout(20):
            connection = await opened.get()
        proxy.freeze()
        for _ in range(3):
            task.cancel()
            await asyncio.wait([task], timeout=0.05)
        assert task.done()

        await until(lambda: connection.is_closed)


async def test_half_a_connection_is_closed_when_it_is_wanted_no_more() -> None:
    """The broker accepts it and says nothing."""
    came, ended = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.set()
        while await reader.read(100):
            pass
        ended.set()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        broker = Broker(f"amqp://127.0.0.1:{port}", RabbitSettings())
        task = asyncio.create_task(connect("consume", broker, broker.url))
        await came.wait()
        task.cancel()
        await asyncio.wait([task])

        async with asyncio.timeout(20):
            await ended.wait()


async def _declared(channel: Channel) -> None:
    await channel.queue_declare("of-a-test", auto_delete=True)


def _nothing(*_: object) -> None:
    """Nobody is told, and nothing comes."""


async def test_a_channel_that_is_refused_takes_no_other_with_it(node: RabbitNode) -> None:
    """What is written to it after its end was answered ends the connection, and the library does not say so yet."""
    broker = Broker(node.url, RabbitSettings())
    connection = await connect("a test", broker, broker.url)
    channel, other = await channel_of(connection), await channel_of(connection)
    publishing = PublishChannel(channel)
    publishing.put(Address("shop.nothing", "k"), b"", Properties(message_id="first"))
    number = 0
    async with asyncio.timeout(100):
        while not channel.is_closed:
            await asyncio.sleep(0)
            number += 1
            with contextlib.suppress(ChannelInvalidStateError):
                publishing.put(Address("amq.topic", "k"), b"", Properties(message_id=str(number)))
        await other.queue_declare(exclusive=True)
    await connection.close()
