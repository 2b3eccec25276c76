"""What the broker has is safe there: on its disk, until it is handled, and sent again while nobody knows."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import aiormq
import pytest
from aiormq.abc import DeliveredMessage

from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import PARTITIONS, Office, until
from amphibus.transports.rabbitmq import connection
from amphibus.transports.rabbitmq.names import Names
from tests.services.rabbitmq import RabbitNode
from tests.storm.ways import Way

pytestmark = pytest.mark.asyncio


@pytest.fixture
def way(node: RabbitNode, office: Office) -> Iterator[Way]:
    """A way to the broker, which the office takes."""
    made = Way(node.port)
    office.amqp_url = node.url.replace(f":{node.port}", f":{made.port}")
    yield made
    made.close()


async def test_the_messages_of_modules_are_persistent_in_quorum_queues(
    office: Office, names: Names, channel: Any, node: RabbitNode
) -> None:
    async with office.open("archive") as shop:
        await shop.send(desk.Write(book="b", line=1))
        await until(lambda: office.count("gateway", "amphibus_delivery") == 0)
    commands = await _modes(channel, names, "desk")
    async with office.open("desk") as shop:
        await until(lambda: office.numbers("desk", "b") == [1])
        await until(lambda: office.count("desk", "amphibus_delivery") == 0)
    events = await _modes(channel, names, "readers")

    assert commands == [2]
    assert events == [2]
    listed = await asyncio.to_thread(node.ctl, "list_queues", "name", "type", "durable")
    ours = [line.split("\t")[1:] for line in listed.splitlines() if f"{names.prefix}" in line]
    kept = [line for line in ours if line != ["classic", "true"]]
    assert len(kept) == len(names.topology.modules) * (PARTITIONS + 1)
    assert {tuple(line) for line in kept} == {("quorum", "true")}


async def test_what_is_not_handled_yet_is_not_acknowledged(
    office: Office, names: Names, node: RabbitNode
) -> None:
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=1, mood="hold"))
        await until(lambda: office.script.held)
        await _until_listed(node, names, "desk", "messages_unacknowledged", 1)
        office.script.gate.set()
        await shop.settle()

    assert office.numbers("readers", "b") == [1]


async def test_what_a_full_queue_refuses_is_not_taken_for_safe(
    office: Office, node: RabbitNode
) -> None:
    policy = ("set_policy", "--apply-to", "queues", "brim", r"\.readers\.v1", '{"max-length": 1}')
    async with office.open("desk", "archive") as shop:
        await asyncio.to_thread(node.ctl, *policy)
        try:
            await shop.send(*[desk.Write(book="b", line=n) for n in range(6)])
            await until(lambda: office.numbers("desk", "b") == list(range(6)))
            await until(lambda: len(office.numbers("archive", "b", "heard")) == 6)
            await until(lambda: office.count("gateway", "amphibus_delivery") == 0)
        finally:
            await asyncio.to_thread(node.ctl, "clear_policy", "brim")
    async with office.open() as shop:
        await shop.settle()

    assert office.numbers("readers", "b") == list(range(6))


async def test_a_connection_that_answers_no_more_is_given_up_for_a_new_one(
    office: Office, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half open: all seems well until somebody asks why no confirm comes."""
    monkeypatch.setattr(connection, "_CHANNEL_SECONDS", 0.5)
    settings = {"rabbitmq.confirm_timeout_seconds": 0.5}
    async with office.open(settings=settings) as shop:
        await shop.send(desk.Write(book="b", line=1))
        await until(lambda: office.numbers("readers", "b") == [1])
        assert way.silence(b"amphibus publish") == 1
        await shop.send(desk.Write(book="b", line=2))
        await until(lambda: office.numbers("readers", "b") == [1, 2])
        await shop.settle()


async def test_a_channel_that_nobody_answers_for_is_given_up(
    office: Office, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing watches a connection yet while its first channel is opened."""
    monkeypatch.setattr(connection, "_CHANNEL_SECONDS", 0.5)
    opened = await aiormq.connect(str(office.amqp_url))
    assert isinstance(opened, aiormq.Connection)
    try:
        assert way.silence(b"") == 1
        with pytest.raises(TimeoutError):
            await connection.channel_of(opened)
    finally:
        way.cut()
        await opened.close()


async def test_an_address_that_takes_connections_and_says_nothing_is_given_up(
    office: Office, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_CONNECT_SECONDS", 0.5)
    way.hold()
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=1))
        way.heal()
        await until(lambda: office.numbers("readers", "b") == [1])


async def test_a_start_waits_for_a_silent_broker_with_all_its_connections_at_once(
    office: Office,
) -> None:
    """Else it would wait three times as long for what one of them can say."""
    seen: list[str] = []

    async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append("came")
        await reader.read()
        seen.append("went")
        writer.close()

    async with await asyncio.start_server(says_nothing, "127.0.0.1", 0) as silent:
        office.amqp_url = f"amqp://127.0.0.1:{silent.sockets[0].getsockname()[1]}/"
        start = asyncio.ensure_future(office.open().__aenter__())
        await until(lambda: len(seen) >= 3)
        start.cancel()
        await asyncio.wait([start])

    assert seen[:3] == ["came"] * 3


async def _modes(channel: Callable[[], Any], names: Names, module: str) -> list[int]:
    """The delivery modes of the messages that wait for a module; they stay where they are."""
    found: list[int] = []

    async def note(message: DeliveredMessage) -> None:
        found.append(message.header.properties.delivery_mode or 0)

    async with channel() as stranger:
        for partition in range(PARTITIONS):
            await stranger.basic_consume(names.partition_queue(module, partition), note)
        await until(lambda: found)
    return found


async def _until_listed(node: RabbitNode, names: Names, module: str, what: str, count: int) -> None:
    prefix = names.partition_queue(module, 0)[:-1]
    async with asyncio.timeout(100):
        while True:
            listed = await asyncio.to_thread(node.ctl, "list_queues", "name", what)
            lines = [line.split("\t") for line in listed.splitlines() if line.startswith(prefix)]
            if sum(int(number) for _, number in lines) == count:
                return
