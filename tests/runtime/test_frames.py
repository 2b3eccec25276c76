"""Frames that are encoded and read quickly are those of the library that they pass through."""

import struct
from datetime import UTC, datetime
from typing import Any

import pamqp.frame
import pytest
from aiormq.abc import ChannelFrame
from hypothesis import given
from hypothesis import strategies as st
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from amphibus.transports.rabbitmq import frame_reader
from amphibus.transports.rabbitmq.frames import Address, Properties, published

SHORT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=30)
TEXT = st.text(st.characters(codec="utf-8"), max_size=400)
TEXTS = st.dictionaries(NAMES, TEXT | st.lists(SHORT, min_size=1, max_size=3), max_size=12)
ANYTHING = st.dictionaries(
    NAMES,
    st.recursive(
        st.text(max_size=20) | st.booleans() | st.none() | st.integers(-(2**63), 2**63 - 1),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
        max_leaves=5,
    ),
    max_size=5,
)
SECONDS = st.integers(0, 2**32 - 1).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))

TIMESTAMP = 0x40
HEADERS = 0x2000


def some(headers: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Properties, each of them there or not."""
    texts = ["content_type", "correlation_id", "reply_to", "expiration", "message_id"]
    return st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys((*texts, "message_type", "user_id", "app_id"), SHORT),
            "headers": headers,
            "delivery_mode": st.sampled_from((1, 2)),
            "timestamp": SECONDS,
        },
    )


@given(some(TEXTS), st.binary(max_size=300), st.integers(1, 100), st.booleans())
def test_what_is_published_is_what_the_library_reads(
    given_properties: dict[str, Any], body: bytes, largest: int, mandatory: bool
) -> None:
    to = Address("shop.dev.orders.commands", "orders.PlaceOrder.v1.p3", mandatory)
    frames = _read(published(7, largest, to, Properties(**given_properties), body))
    (method, header, *bodies) = [frame for _, frame in frames]

    assert {channel for channel, _ in frames} == {7}
    assert (method.name, method.exchange, method.routing_key, method.mandatory) == (
        "Basic.Publish",
        to.exchange,
        to.key,
        mandatory,
    )
    expected = {name: value for name, value in given_properties.items() if value != {}}
    assert header.properties == Basic.Properties(**expected)
    assert header.body_size == len(body)
    assert b"".join(each.value for each in bodies) == body
    assert all(len(each.value) <= largest for each in bodies)


@given(some(TEXTS), st.binary(min_size=1, max_size=300))
def test_what_is_published_is_what_the_library_would_send(
    given_properties: dict[str, Any], body: bytes
) -> None:
    """To the byte, but for the order of headers, which the library sorts."""
    headers = dict(sorted(given_properties.pop("headers", {}).items()))
    properties = Properties(headers=headers or None, **given_properties)
    theirs = ChannelFrame.marshall(
        channel_number=1,
        frames=[
            Basic.Publish(exchange="x", routing_key="y", mandatory=True),
            ContentHeader(
                body_size=len(body),
                properties=Basic.Properties(headers=headers or None, **given_properties),
            ),
            ContentBody(body),
        ],
    )

    assert published(1, 131_000, Address("x", "y"), properties, body) == theirs.payload


@given(some(TEXTS | ANYTHING), st.integers(0, 2**63 - 1))
def test_properties_are_read_as_the_library_reads_them(
    given_properties: dict[str, Any], size: int
) -> None:
    data = ContentHeader(body_size=size, properties=Basic.Properties(**given_properties)).marshal()
    theirs = ContentHeader()
    frame_reader.LIBRARY_HEADER(theirs, data)
    ours = ContentHeader()
    frame_reader.read_header(ours, data)

    assert ours.properties == theirs.properties
    assert (ours.body_size, ours.class_id) == (theirs.body_size, theirs.class_id)


@given(st.binary(max_size=200), st.integers(0, 0xFFFF))
def test_properties_of_any_bytes_end_nothing(noise: bytes, flags: int) -> None:
    """What the library cannot read either has no properties."""
    data = b"\x00\x3c\x00\x00" + bytes(8) + flags.to_bytes(2) + noise
    ours = ContentHeader()
    frame_reader.read_header(ours, data)
    try:
        theirs = ContentHeader()
        frame_reader.LIBRARY_HEADER(theirs, data)
    except Exception:  # noqa: BLE001 - whatever it says
        odd_time = flags & TIMESTAMP and ours.properties.timestamp is None
        assert odd_time or ours.properties == Basic.Properties()
    else:
        if ours.properties.timestamp is None:
            theirs.properties.timestamp = None
        assert ours.properties == theirs.properties


@pytest.mark.parametrize("unit", [10**3, 10**6, 10**9, 2**64 // 1_700_000_000])
def test_a_timestamp_in_another_unit_leaves_all_other_properties(unit: int) -> None:
    """It is good manners and nothing more: without its headers the message would be nobody's."""
    said = Basic.Properties(headers={"ce-type": "a.B.v1"}, timestamp=datetime.now(UTC))
    data = ContentHeader(body_size=1, properties=said).marshal()
    place = len(data) - 8
    ours = ContentHeader()
    frame_reader.read_header(ours, data[:place] + (1_700_000_000 * unit).to_bytes(8))

    assert ours.properties.headers == {"ce-type": "a.B.v1"}
    assert ours.properties.timestamp is None


@given(SHORT, st.integers(0, 2**63 - 1), st.booleans(), SHORT)
def test_deliveries_are_read_as_the_library_reads_them(
    tag: str, number: int, again: bool, key: str
) -> None:
    sent = Basic.Deliver(
        consumer_tag=tag, delivery_tag=number, redelivered=again, exchange="x.y", routing_key=key
    )
    data = sent.marshal()
    ours, theirs = Basic.Deliver(), Basic.Deliver()
    frame_reader.read_delivery(ours, data)
    frame_reader.LIBRARY_DELIVERY(theirs, data)

    assert list(ours) == list(theirs) == list(sent)


@pytest.mark.parametrize("where", ["message_id", "reply_to", "user_id"])
def test_a_text_that_the_protocol_has_no_room_for_is_refused(where: str) -> None:
    properties = Properties()
    setattr(properties, where, "é" * 128)

    with pytest.raises(ValueError, match="at most 255"):
        published(1, 100, Address("x", "y"), properties, b"")


def _read(frames: bytes) -> list[tuple[int, Any]]:
    found = []
    while frames:
        size, channel, frame = pamqp.frame.unmarshal(frames)
        found.append((channel, frame))
        frames = frames[size:]
    return found


@pytest.mark.parametrize("kind", [b"F", b"A"], ids=["tables", "lists"])
def test_headers_that_are_nested_without_end_are_no_headers(kind: bytes) -> None:
    """The library follows them as deep as they go, and would give up the connection, each time anew."""
    inner = b"V"
    for _ in range(5_000):
        inner = b"\x01a" + inner if kind == b"F" else inner
        inner = kind + len(inner).to_bytes(4) + inner
    headers = b"\x01a" + inner
    header = ContentHeader()
    header_frame = struct.pack(">HHQH", 60, 0, 5, HEADERS) + len(headers).to_bytes(4) + headers
    frame_reader.read_header(header, header_frame)

    assert (header.body_size, header.properties.headers) == (5, None)


@pytest.mark.parametrize(("exchange", "key"), [(b"e", b"\xff\xfe"), (b"\xff", b"k")])
def test_a_delivery_by_a_key_that_is_no_text_ends_nothing(exchange: bytes, key: bytes) -> None:
    """A stranger's own key, where another one in its headers has led it to a queue of ours."""
    texts = b"".join(len(text).to_bytes() + text for text in (exchange, key))
    delivery = Basic.Deliver()
    frame_reader.read_delivery(delivery, b"\x01c" + struct.pack(">q", 9) + b"\0" + texts)

    assert delivery.delivery_tag == 9
    assert "\ufffd" in f"{delivery.exchange}{delivery.routing_key}"
