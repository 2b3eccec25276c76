"""Whoever has not the key is not let in, and whatever it sends does no harm."""

import asyncio
import json
import struct
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from amphibus.errors import OwnerAway
from amphibus.messages.cloudevents import to_headers
from amphibus.messages.envelope import Envelope, Reply
from amphibus.testing.conformance.office import until
from amphibus.transports.direct import answering, server
from amphibus.transports.direct.directory import PeerAddress
from amphibus.transports.direct.frames import Kind, encoded, read_frame
from amphibus.transports.direct.handshake import NotLetIn, enter
from tests.direct.conftest import Process, Street, command, query

pytestmark = pytest.mark.asyncio
KEY = b"k" * 32


@pytest.fixture
def lines() -> Iterator[list[dict[str, object]]]:
    with capture_logs() as logs:
        yield logs  # type: ignore[misc]


def _told(lines: list[dict[str, object]], event: str) -> list[str]:
    return [str(line["error"]) for line in lines if line["event"] == event]


async def _connected(process: Process) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", process.port)


async def _let_in(process: Process) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection as the gateway's, by hand."""
    reader, writer = await _connected(process)
    address = PeerAddress("desk", process.transport._instance, "127.0.0.1", process.port)
    await enter(reader, writer, asking="gateway", address=address, key=KEY)
    return reader, writer


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 50,
        b"\xff" * 100,
        struct.pack(">IIBQ", 2**32 - 1, 0, Kind.CLAIM, 0),
        struct.pack(">IIBQ", 0, 10, Kind.CLAIM, 0) + b"0" * 10,
        struct.pack(">IIBQ", 9, 0, Kind.CLAIM, 0) + b'{"from":"',
        struct.pack(">IIBQ", 2000, 0, Kind.CLAIM, 0) + b"[" * 2000,
        encoded(Kind.CLAIM),
        encoded(Kind.CLAIM, head={"from": ["gateway"], "to": {}, "proof": 7}),
        encoded(Kind.CLAIM, head={"from": "gateway", "to": "desk", "proof": "\ud800"}),
        encoded(Kind.CLAIM, head={"from": "gateway", "to": "desk", "proof": "0" * 64}),
        encoded(Kind.REQUEST, 1, {"ms": 1000, "headers": {}}),
        encoded(Kind.PING),
    ],
)
async def test_a_strangers_bytes_are_refused_and_told_once(
    street: Street, lines: list[dict[str, object]], sent: bytes
) -> None:
    desk = await street.process("desk", directory=street.board(KEY))
    for _ in range(3):
        reader, writer = await _connected(desk)
        writer.write(sent)
        async with asyncio.timeout(30):
            while await reader.read(1000):
                pass  # its greeting, and the end
        writer.close()

    assert len(_told(lines, "direct.refused")) == 1
    assert desk.desk.asked == []
    gateway = await street.process("gateway", directory=street.board(KEY))
    assert (await gateway.ask(query())).outcome == "answered"


async def test_one_that_does_not_say_who_it_is_is_hung_up_on(
    street: Street, lines: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_GREETING_SECONDS", 0.1)
    desk = await street.process("desk", directory=street.board(KEY))
    reader, writer = await _connected(desk)
    async with asyncio.timeout(30):
        while await reader.read(1000):
            pass
    writer.close()
    await until(lambda: _told(lines, "direct.refused"))
    assert "did not say" in _told(lines, "direct.refused")[0]


async def test_strangers_are_few_and_take_no_place_from_the_others(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_MOST_STRANGERS", 4)  # half of them of one address
    desk = await street.process("desk", directory=street.board(KEY))
    gateway = await street.process("gateway", directory=street.board(KEY))
    await gateway.ask(query())
    strangers = [await _connected(desk) for _ in range(5)]
    ended = [asyncio.ensure_future(reader.read()) for reader, _ in strangers]
    await until(lambda: sum(each.done() for each in ended) == 3)

    assert (await gateway.ask(query())).outcome == "answered"
    for _, writer in strangers:
        writer.close()
    await asyncio.gather(*ended, return_exceptions=True)


async def test_a_wrong_key_is_refused_on_both_sides(
    street: Street, lines: list[dict[str, object]]
) -> None:
    desk = await street.process("desk", directory=street.board(b"a" * 32))
    gateway = await street.process("gateway", directory=street.board(b"b" * 32))
    with pytest.raises(OwnerAway):
        await gateway.ask(command())

    assert desk.desk.asked == []
    assert "has not the key" in _told(lines, "direct.refused")[0]
    assert _told(lines, "direct.lost")


async def test_one_that_only_says_welcome_is_asked_nothing(street: Street) -> None:
    """A program at the port of a process that has ended gets no request to read."""
    got: list[bytes] = []

    async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(encoded(Kind.HELLO, head={"amphibus": 1, "challenge": "00"}))
        await read_frame(reader, longest_body=0)
        writer.write(encoded(Kind.WELCOME, head={"proof": "0" * 64}))
        got.append(await reader.read())
        writer.close()

    impostor = await asyncio.start_server(welcome, "127.0.0.1", 0)
    port = impostor.sockets[0].getsockname()[1]
    await street.board(KEY).beat([PeerAddress("desk", "i-1", "127.0.0.1", port)])
    gateway = await street.process("gateway", directory=street.board(KEY))
    with pytest.raises(OwnerAway):
        await gateway.ask(query())
    await until(lambda: got)
    impostor.close()
    assert got == [b""]


async def test_another_process_at_an_old_address_is_not_taken_for_it(street: Street) -> None:
    """It has the key, as all have in one folder; yet it is not the instance that was announced."""
    desk = await street.process("desk", directory=street.board(KEY))
    reader, writer = await _connected(desk)
    old = PeerAddress("desk", "an-older-one", "127.0.0.1", desk.port)
    with pytest.raises(NotLetIn):
        await enter(reader, writer, asking="gateway", address=old, key=KEY)
    writer.close()


@pytest.mark.parametrize(
    "sent",
    [
        encoded(Kind.REPLY, 1),
        encoded(Kind.REQUEST, 1),
        encoded(Kind.REQUEST, 1, {"ms": "soon", "headers": {}}),
        encoded(Kind.REQUEST, 1, {"ms": float("inf"), "headers": {}}),
        encoded(Kind.REQUEST, 1, {"ms": 1000, "headers": {"ce-id": 7}}),
        encoded(Kind.REQUEST, 1, {"ms": 1000, "headers": []}),
        struct.pack(">IIBQ", 2, 2**31, Kind.REQUEST, 1) + b"{}",
        struct.pack(">IIBQ", 100_000, 0, Kind.REQUEST, 1) + b"[" * 100_000,
    ],
)
async def test_what_is_no_request_ends_the_connection_alone(street: Street, sent: bytes) -> None:
    desk = await street.process("desk", directory=street.board(KEY))
    gateway = await street.process("gateway", directory=street.board(KEY))
    await gateway.ask(query())
    reader, writer = await _let_in(desk)
    writer.write(sent)
    async with asyncio.timeout(30):
        assert await reader.read() == b""
    writer.close()

    assert (await gateway.ask(query())).outcome == "answered"


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({}, "without ce-specversion"),
        ({"ce-source": "/archive"}, "was sent by gateway"),
        ({"ce-id": "a\nb"}, "U+000A"),
        ({"ce-id": "x" * 1000}, "characters"),
    ],
)
async def test_an_envelope_is_checked_at_the_door(
    street: Street, headers: dict[str, str], why: str
) -> None:
    """Who has proved to be one module does not speak for another."""
    desk = await street.process("desk", directory=street.board(KEY))
    reader, writer = await _let_in(desk)
    whole = {
        "ce-specversion": "1.0",
        "ce-id": "m-1",
        "ce-type": "desk.Count.v1",
        "ce-source": "/gateway",
    }
    head = {"ms": 5000, "headers": whole | headers if headers else {}}
    writer.write(encoded(Kind.REQUEST, 7, head, json.dumps({"book": "b"}).encode()))
    reply = await read_frame(reader, longest_body=1000)
    writer.close()

    assert (reply.kind, reply.number, reply.head["outcome"]) == (Kind.REPLY, 7, "failed")
    assert why in reply.head["detail"]
    assert desk.desk.asked == []


async def test_one_that_reads_no_answers_is_hung_up_on(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "_SEND_SECONDS", 0.1)

    async def much(_envelope: Envelope) -> Reply:
        return Reply("answered", b"x" * 4_000_000)

    desk = await street.process("desk", directory=street.board(KEY), answer=much)
    _, writer = await _let_in(desk)
    for number in range(8):
        head = {"ms": 60_000, "headers": to_headers(query())}
        writer.write(encoded(Kind.REQUEST, number, head, b"{}"))
    await until(lambda: desk.desk.asked)
    await until(lambda: not desk.transport._server._connections)
    writer.close()


async def test_a_request_that_is_waited_for_without_measure_is_answered(street: Street) -> None:
    desk = await street.process("desk", directory=street.board(KEY))
    reader, writer = await _let_in(desk)
    writer.write(encoded(Kind.REQUEST, 1, {"ms": 10**400, "headers": to_headers(query())}, b"{}"))
    async with asyncio.timeout(100):
        frame = await read_frame(reader, longest_body=1_000)
    writer.close()

    assert frame.kind is Kind.REPLY


async def test_an_answering_side_that_sends_nonsense_is_given_up(street: Street) -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"x" * 100)
        await reader.read()
        writer.close()

    other = await asyncio.start_server(nonsense, "127.0.0.1", 0)
    port = other.sockets[0].getsockname()[1]
    await street.board(KEY).beat([PeerAddress("desk", "i-1", "127.0.0.1", port)])
    gateway = await street.process("gateway", directory=street.board(KEY), net=True)

    assert (await gateway.ask(command())).outcome == "answered"
    assert gateway.ways == ["broker"]
    other.close()
