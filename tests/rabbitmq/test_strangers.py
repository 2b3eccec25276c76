"""Messages that nobody should have sent. Each becomes a dead letter once; none comes round again."""

import struct
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from aiormq.abc import ChannelFrame, DeliveredMessage
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from amphibus.clock import SystemClock
from amphibus.messages.envelope import Envelope
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until
from amphibus.transports.rabbitmq.names import DELIVERY_LIMIT, Names
from amphibus.transports.rabbitmq.properties import properties_of

pytestmark = pytest.mark.asyncio
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def envelope(body: bytes = b'{"book": "b", "line": 1}', **changes: Any) -> Envelope:
    given: dict[str, Any] = {
        "id": "m1",
        "type": "desk.Write.v1",
        "source": "gateway",
        "key": "b",
        "time": SystemClock().now(),
        "correlation": "m1",
        "causation": None,
        "trace": TRACE,
        "body": body,
    }
    return Envelope(**(given | changes))


@pytest.mark.parametrize(
    "properties",
    [
        Basic.Properties(),
        Basic.Properties(headers={"ce-id": "1"}),
        Basic.Properties(headers={"ce-specversion": "1.0", "ce-id": [1], "ce-type": 3}),
        Basic.Properties(headers={"ce-id": "1" * 500, "ce-type": "t", "ce-source": "s"}),
        Basic.Properties(headers={"ce-specversion": "1.0", "ce-time": "yesterday"}),
    ],
)
async def test_what_is_no_message_of_ours_is_a_dead_letter_once(
    office: Office, names: Names, channel: Any, properties: Basic.Properties
) -> None:
    async with office.open() as shop:
        async with channel() as stranger:
            await stranger.basic_publish(
                b"anything", routing_key=names.partition_queue("desk", 0), properties=properties
            )
        await shop.send(*[desk.Write(book=f"b{n}", line=n) for n in range(8)])
        await until(lambda: office.count("desk", "amphibus_dead"))
        await shop.settle()
        (letter,) = shop.dead("desk")

        assert letter["reason"] == "undecodable"
    assert len(office.lines("desk")) == 8


async def test_the_same_stranger_delivered_again_is_the_same_dead_letter(
    office: Office, names: Names, channel: Any
) -> None:
    async with office.open() as shop:
        async with channel() as stranger:
            for _ in range(3):
                await stranger.basic_publish(
                    b"anything",
                    routing_key=names.partition_queue("desk", 0),
                    properties=Basic.Properties(message_id="same"),
                )
        await until(lambda: office.count("desk", "amphibus_dead"))
        await shop.settle()

        assert len(shop.dead("desk")) == 1


async def test_a_body_over_the_limit_is_a_dead_letter_with_its_payload(
    office: Office, names: Names, channel: Any
) -> None:
    body = b'{"book": "b", "line": 1, "mood": "' + b"x" * 3_000 + b'"}'
    async with office.open(body_limit_bytes=2_000) as shop:
        await send(channel, names, envelope(body))
        await until(lambda: office.count("desk", "amphibus_dead"))
        (letter,) = shop.dead("desk")

        assert letter["reason"] == "oversized"
        assert "2000" in letter["error"]
        assert office.query("desk", "SELECT body FROM amphibus_dead") == [(body,)]
        await shop.send(desk.Write(book="b", line=2))
        await shop.settle()
    assert office.numbers("desk", "b") == [2]


async def test_properties_that_the_library_cannot_read_break_nothing(
    office: Office, names: Names, channel: Any
) -> None:
    """It would end the connection, and every one after it, for as long as the message comes again."""
    sent = datetime.fromtimestamp(1_700_000_000, UTC)
    spoilt = struct.pack(">Q", 1_700_000_000), struct.pack(">Q", 1_700_000_000_000_000)
    frame = ChannelFrame.marshall(
        channel_number=1,
        frames=[
            Basic.Publish(routing_key=names.partition_queue("desk", 0)),
            ContentHeader(body_size=8, properties=Basic.Properties(timestamp=sent)),
            ContentBody(b"anything"),
        ],
    )
    async with office.open() as shop:
        async with channel() as stranger:
            payload = frame.payload.replace(*spoilt)
            await stranger.write_queue.put(replace(frame, payload=payload))
            await shop.send(*[desk.Write(book=f"b{n}", line=n) for n in range(8)])
            await until(lambda: office.count("desk", "amphibus_dead"))
        await shop.settle()
        (letter,) = shop.dead("desk")

        assert letter["reason"] == "undecodable"
    assert len(office.lines("desk")) == 8


@pytest.mark.parametrize("odd", [10**12, 10**15, 10**18, 2**64 - 86_400])
async def test_an_odd_time_beside_a_message_costs_it_nothing(
    office: Office, names: Names, channel: Any, odd: int
) -> None:
    """In milliseconds and less, or before 1970: many programs set it so, and nothing depends on it."""
    sent = datetime.fromtimestamp(1_700_000_000, UTC)
    what = envelope()
    exchange, key = names.route(("desk",), what)
    properties = properties_of(what, user="guest")
    properties.timestamp = sent
    frame = ChannelFrame.marshall(
        channel_number=1,
        frames=[
            Basic.Publish(exchange=exchange, routing_key=key),
            ContentHeader(body_size=len(what.body), properties=properties),
            ContentBody(what.body),
        ],
    )
    payload = frame.payload.replace(struct.pack(">Q", 1_700_000_000), struct.pack(">Q", odd))
    async with office.open() as shop:
        async with channel() as stranger:
            await stranger.write_queue.put(replace(frame, payload=payload))
            await until(lambda: office.numbers("desk", "b") == [1])
        assert shop.dead("desk") == []


async def test_a_newer_version_is_a_dead_letter_that_says_what_to_do(
    office: Office, names: Names, channel: Any
) -> None:
    async with office.open() as shop:
        await send(channel, names, envelope(type="desk.Write.v9"))
        await until(lambda: office.count("desk", "amphibus_dead"))
        (letter,) = shop.dead("desk")

        assert letter["type"] == "desk.Write.v9"
        assert "desk.Write.v1" in letter["error"]


@pytest.mark.parametrize(
    ("forged", "user"),
    [
        (envelope(), None),
        (envelope(), "guest"),
        (envelope(source="readers"), "guest"),
    ],
)
async def test_a_forged_sender_is_refused_and_stands_in_nobodys_way(
    office: Office, names: Names, channel: Any, forged: Envelope, user: str | None
) -> None:
    """The true message of that id is handled all the same."""
    async with office.open(settings={"rabbitmq.verify_senders": True}) as shop:
        await send(channel, names, forged, user=user)
        await until(lambda: office.count("desk", "amphibus_dead"))
        (letter,) = shop.dead("desk")

        assert letter["reason"] == "forged"
        who = office.query("desk", "SELECT source, id FROM amphibus_dead")
        assert who != [(forged.source, forged.id)]
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=1), message_id="m1")
        await shop.settle()
    assert office.numbers("desk", "b") == [1]


async def test_what_the_broker_gives_up_becomes_a_dead_letter_of_the_module(
    office: Office, names: Names, channel: Any
) -> None:
    """Its own limit is the last net, for what kills every process that takes it."""
    async with office.open("archive", "readers"):
        await send(channel, names, envelope())
        async with channel() as stranger:
            times: list[DeliveredMessage] = []

            async def give_back(message: DeliveredMessage) -> None:
                times.append(message)
                await stranger.basic_nack(message.delivery_tag or 0, requeue=True)

            await stranger.basic_consume(
                names.partition_queue("desk", _partition(names)), give_back
            )
            await until(lambda: len(times) == DELIVERY_LIMIT + 1)
    async with office.open() as shop:
        await until(lambda: office.count("desk", "amphibus_dead"))
        (letter,) = shop.dead("desk")

        assert (letter["reason"], letter["id"]) == ("undelivered", "m1")
        assert str(DELIVERY_LIMIT) in letter["error"]
    assert office.lines("desk") == []


def _partition(names: Names) -> int:
    return int(names.route(("desk",), envelope())[1].rpartition(".p")[2])


async def send(
    channel: Any, names: Names, what: Envelope, user: str | None = None, **instead: str
) -> None:
    exchange, key = names.route(("desk",), what)
    exchange, key = instead.get("exchange", exchange), instead.get("key", key)
    properties = properties_of(what, user="guest")
    properties.user_id = user
    async with channel() as stranger:
        await stranger.basic_publish(
            what.body, exchange=exchange, routing_key=key, properties=properties, mandatory=True
        )
