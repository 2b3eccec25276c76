"""Connections: what a client may hold of the process, and for how long."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.gateway.limited import HEAD, Limited, hear, limited, told
from tests.gateway.reading_room import loan

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture(scope="module")
async def roomy(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Limited]:
    async with limited(tmp_path_factory.mktemp("roomy")) as found:
        yield found


@pytest_asyncio.fixture
async def served(roomy: Limited) -> AsyncIterator[Limited]:
    """One that every test leaves without a connection."""
    yield roomy
    roomy.room.owner.open.set()
    await roomy.client.aclose()
    roomy.client = httpx.AsyncClient(base_url=roomy.server.url)
    await roomy.until(0)


@pytest_asyncio.fixture
async def small(tmp_path: Path) -> AsyncIterator[Limited]:
    async with limited(tmp_path, connections=8, connections_per_address=4) as found:
        yield found


@pytest.mark.parametrize(
    "fields",
    [
        [b"X: " + b"x" * 20_000],
        [b"X" * 20_000 + b": x"],
        [b"X-%d: %b" % (number, b"x" * 400) for number in range(50)],
        [b"X-%d: x" % number for number in range(100)],
    ],
)
async def test_a_head_that_is_too_large_is_refused(served: Limited, fields: list[bytes]) -> None:
    heard = await served.say(HEAD + b"\r\n".join(fields) + b"\r\n\r\n")
    assert told(heard)["type"] == "urn:amphibus:problem:head-too-large"
    assert told(heard)["status"] == 431


async def test_a_path_that_is_too_long_is_refused(served: Limited) -> None:
    heard = await served.say(b"GET /livez?" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert told(heard)["status"] == 431


async def test_a_head_without_end_is_cut_off_while_it_comes(served: Limited) -> None:
    """A field that never ends is nowhere else than in the parser's memory."""
    reader, writer = await served.connect()
    writer.write(HEAD + b"X: ")
    sent = 0
    while not reader.at_eof() and sent < 100_000_000:
        try:
            writer.write(b"x" * 65_536)
            await writer.drain()
        except ConnectionError:
            break
        sent += 65_536
        if writer.is_closing():
            break
    assert sent < 20_000_000
    writer.close()


async def test_as_large_a_head_as_is_allowed_is_read(served: Limited) -> None:
    fields = b"".join(b"X-%d: %b\r\n" % (number, b"x" * 140) for number in range(95))
    heard = await served.say(HEAD + fields + b"Connection: close\r\n\r\n")
    assert heard.startswith(b"HTTP/1.1 200")


async def test_what_is_no_http_is_refused(served: Limited) -> None:
    assert told(await served.say(b"hello\r\n\r\n"))["status"] == 400
    assert told(await served.say(b"GET http:// HTTP/1.1\r\n\r\n"))["status"] == 400


async def test_a_head_must_come_whole_in_time(served: Limited) -> None:
    reader, writer = await served.connect()
    writer.write(HEAD)
    await writer.drain()
    await served.until(1)
    served.later(9)
    writer.write(b"X: y\r\n")  # going on buys no time
    await writer.drain()
    while next(iter(served.connections._by_address["127.0.0.1"])).phase.name != "HEAD":
        await asyncio.sleep(0.001)
    served.later(11)
    heard = told(await hear(reader))
    assert heard["type"] == "urn:amphibus:problem:head-too-slow"
    writer.close()


async def test_a_connection_on_which_nothing_is_asked_is_ended(served: Limited) -> None:
    reader, writer = await served.connect()
    await served.until(1)
    served.later(11)
    assert await hear(reader) == b""
    writer.close()
    reader, writer = await served.connect()
    writer.write(HEAD + b"\r\n")
    await reader.readuntil(b"alive")
    writer.write(b"\r\n\r\n")  # nor do empty lines
    await writer.drain()
    served.later(21)
    await hear(reader)
    writer.close()
    await served.until(0)


async def test_a_process_that_was_held_up_counts_it_against_nobody(served: Limited) -> None:
    """What a client sent meanwhile is not read yet when the connections are looked after."""
    fresh, writer = await served.connect()
    await served.client.get("/livez")
    await served.until(2)
    served.connections.go_on(60)
    writer.write(HEAD + b"Connection: close\r\n\r\n")
    assert (await hear(fresh)).startswith(b"HTTP/1.1 200")
    assert (await served.client.get("/livez")).status_code == 200
    assert len(served.connections._by_address["127.0.0.1"]) == 1
    writer.close()


async def test_a_body_after_its_answer_must_come_too(served: Limited) -> None:
    reader, writer = await served.connect()
    writer.write(b"POST /v1/nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n1")
    await reader.readuntil(b"\r\n\r\n")
    served.later(32)
    await hear(reader)
    await served.until(0)
    writer.close()


async def test_requests_that_nobody_waits_for_pile_up_nowhere(served: Limited) -> None:
    served.room.owner.open.clear()
    asked = b"GET /v1/rooms/1/shelves/A HTTP/1.1\r\nHost: x\r\n\r\n"
    heard = await served.say(asked * 1_000)
    assert heard == b""


async def test_what_frames_a_body_is_limited_too(served: Limited) -> None:
    head = b"POST /v1/loans HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    heard = await served.say(head, b"1\r\n \r\n0\r\nX: ", *[b"x" * 65_536] * 40)
    assert b" 202 " not in heard


async def test_the_oldest_that_are_waited_for_make_room(small: Limited) -> None:
    """From many addresses too: whoever asks something is never turned away for those that do not."""
    held = []
    for number in range(40):
        held.append(await small.connect(f"127.0.0.{2 + number}"))
        held[-1][1].write(HEAD)
        answer = await small.client.get("/livez")
        assert answer.status_code == 200
    assert len(small.connections) <= 8
    for _, writer in held:
        writer.close()


async def test_one_address_takes_no_more_than_its_part(small: Limited) -> None:
    """Requests that are worked on are not ended for others; who comes on top is told to come again."""
    small.room.owner.open.clear()
    asked = b"GET /v1/rooms/1/shelves/A HTTP/1.1\r\nHost: x\r\n\r\n"
    held = [await small.connect("127.0.0.9") for _ in range(4)]
    for _, writer in held:
        writer.write(asked)
    async with asyncio.timeout(30):
        while len(small.room.owner.handled) < 4:
            await asyncio.sleep(0.005)
    reader, writer = await small.connect("127.0.0.9")
    heard = await hear(reader)
    assert told(heard)["type"] == "urn:amphibus:problem:busy"
    assert b"retry-after: 1" in heard.lower()
    writer.close()
    answer = await small.client.get("/livez")
    assert answer.status_code == 200
    small.room.owner.open.set()
    for each, end in held:
        assert (await each.readline()).startswith(b"HTTP/1.1 200")
        end.close()


async def test_honest_clients_notice_nothing(served: Limited) -> None:
    for _ in range(3):
        answer = await served.client.post("/v1/loans", json=loan())
        assert answer.status_code == 202
        assert (await served.client.get(answer.headers["location"])).status_code == 200
    assert len(served.connections) == 1
