"""Messages that nobody should have sent. Each becomes a dead letter once; none comes round again."""

import struct
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from aiormq.abc import ChannelFrame, DeliveredMessage
from aiormq.exceptions import PublishError
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

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
        "time": 1_700_000_000_000_000,
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
        await _send(channel, names, envelope(body))
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
        await _send(channel, names, envelope(type="desk.Write.v9"))
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
        await _send(channel, names, forged, user=user)
        await until(lambda: office.count("desk", "amphibus_dead"))
        (letter,) = shop.dead("desk")

        assert letter["reason"] == "forged"
        who = office.query("desk", "SELECT source, id FROM amphibus_dead")
        assert who != [(forged.source, forged.id)]
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=1), message_id="m1")
        await shop.settle()
    assert office.numbers("desk", "b") == [1]


@pytest.mark.parametrize(
    ("forged", "instead", "why"),
    [
        (envelope(), {"key": "desk.Call.v1.p0"}, "published as desk.Call.v1"),
        (envelope(), {"exchange": ""}, "the default exchange"),
        (envelope(type="desk.Written.v1"), {}, "is an event"),
        (
            envelope(type="archive.File.v1", source="desk"),
            {"key": "archive.File.v1.p0"},
            "archive.commands",
        ),
    ],
)
async def test_the_type_is_not_believed_where_the_way_does_not_fit(
    office: Office,
    names: Names,
    channel: Any,
    forged: Envelope,
    instead: dict[str, str],
    why: str,
) -> None:
    """The broker lets a user in by exchange and key; what is done is chosen by the header."""
    if instead.get("exchange") == "":
        instead = {"exchange": "", "key": names.partition_queue("desk", 0)}
    else:
        instead = {"exchange": names.commands("desk")} | instead
    async with office.open() as shop:
        await _send(channel, names, forged, user="guest", **instead)
        await until(lambda: office.count("desk", "amphibus_dead"))
        await shop.settle()
        (letter,) = shop.dead("desk")

    assert letter["reason"] == "forged"
    assert why in letter["error"]
    assert office.lines("desk") == office.lines("archive") == []


async def test_a_command_does_not_come_by_an_exchange_of_events(
    office: Office, names: Names, channel: Any
) -> None:
    body = b'{"book": "b", "line": 1}'
    forged = envelope(body, type="archive.File.v1", source="desk")
    instead = {"exchange": names.events("desk"), "key": "desk.Written.v1.p0"}
    async with office.open() as shop:
        await _send(channel, names, forged, user="guest", **instead)
        await until(lambda: office.count("archive", "amphibus_dead"))
        await shop.settle()
        reasons = {letter["reason"] for letter in shop.dead("archive") + shop.dead("readers")}

    assert reasons == {"forged"}
    assert office.lines("archive") == []


async def test_what_is_published_with_its_plain_type_comes_back(
    office: Office, names: Names, channel: Any
) -> None:
    """It would reach the queue of what is asked and kept by nobody."""
    async with office.open() as shop:
        await shop.settle()
        with pytest.raises(PublishError):
            await _send(channel, names, envelope(), user="guest", key="desk.Write.v1")


@pytest.mark.parametrize(
    ("sent", "written", "dead"),
    [
        (envelope(), [1], 0),
        (envelope(b"{}"), [], 1),
        (envelope(b'{"book": "b", "line": 1, "mood": "fail 9"}'), [], 1),
        (envelope(id=""), [], 1),
    ],
)
async def test_a_kept_command_that_comes_as_a_request_is_kept(
    office: Office, names: Names, channel: Any, sent: Envelope, written: list[int], dead: int
) -> None:
    """The broker has confirmed it: done, or a dead letter, and never just gone."""
    async with office.open(max_attempts=1, quick_retries=0) as shop:
        key = names.key_of_request("desk.Write.v1")
        await _send(channel, names, sent, user="guest", key=key)
        await until(
            lambda: (
                office.numbers("desk", "b") == written
                and office.count("desk", "amphibus_dead") == dead
            )
        )
        await shop.settle()


async def test_what_the_broker_gives_up_becomes_a_dead_letter_of_the_module(
    office: Office, names: Names, channel: Any
) -> None:
    """Its own limit is the last net, for what kills every process that takes it."""
    async with office.open("archive", "readers"):
        await _send(channel, names, envelope())
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


async def _send(
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
