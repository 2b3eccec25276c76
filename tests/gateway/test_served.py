"""The gateway behind a real server and real sockets."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import httpx
import pytest
import pytest_asyncio

from tests.gateway.reading_room import Room, loan, problem, reading_room, some_id
from tests.services.http_server import listening

_JSON: Final = b"Content-Type: application/json\r\n"
pytestmark = pytest.mark.asyncio


class Served:
    def __init__(self, room: Room, port: int, client: httpx.AsyncClient) -> None:
        self.room, self.port, self.client = room, port, client

    async def say(self, *texts: bytes) -> bytes:
        """Says something on a connection of its own and hears what comes until it is closed."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for text in texts:
            writer.write(text)
            await writer.drain()
        heard = await reader.read()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        return heard


@pytest_asyncio.fixture(params=["httptools", "h11"])
async def served(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    async with (
        reading_room(tmp_path, body_limit_bytes=100_000) as room,
        listening(room.app, http=request.param) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        yield Served(room, port, client)


async def test_a_loan_is_made_and_read_over_a_socket(served: Served) -> None:
    answer = await served.client.post("/v1/loans", json=loan())
    assert answer.status_code == 202
    read = await served.client.get(answer.headers["location"])
    assert read.json()["status"] == "lent"
    head = await served.client.head(answer.headers["location"])
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) == len(read.content)


async def test_a_slash_in_a_parameter_comes_through(served: Served) -> None:
    answer = await served.client.get("/v1/rooms/1/shelves/A%2FB%20%C3%BC")
    assert answer.json()["mark"] == "A/B ü"


async def test_a_large_declared_body_is_refused_before_it_is_sent(served: Served) -> None:
    head = b"POST /v1/loans HTTP/1.1\r\nHost: x\r\n" + _JSON + b"Content-Length: 999999999\r\n\r\n"
    heard = await served.say(head)
    assert heard.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in heard.lower()


async def test_a_large_undeclared_body_is_cut_off(served: Served) -> None:
    head = b"POST /v1/loans HTTP/1.1\r\nHost: x\r\n" + _JSON + b"Transfer-Encoding: chunked\r\n\r\n"
    chunk = b"%x\r\n%b\r\n" % (60_000, b" " * 60_000)
    assert (await served.say(head, chunk, chunk)).startswith(b"HTTP/1.1 413")


async def test_a_client_that_leaves_in_the_middle_disturbs_nobody(served: Served) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(b'POST /v1/loans HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{"member"')
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await served.client.post("/v1/loans", json=loan())).status_code == 202
    assert len(served.room.harness.outgoing()) == 1


async def test_a_client_that_does_not_wait_for_its_answer_has_been_heard(served: Served) -> None:
    """What was accepted is done, whether or not somebody hears it; asked again, it is the same."""
    identity, body = some_id(), json.dumps(loan()).encode()
    head = (
        f"POST /v1/loans HTTP/1.1\r\nHost: x\r\n{_JSON.decode()}Content-Length: {len(body)}\r\n"
        f"Idempotency-Key: {identity}\r\n\r\n"
    )
    served.room.owner.open.clear()
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(head.encode() + body)
    await writer.drain()
    await served.room.owner.asked.wait()
    writer.close()
    await writer.wait_closed()
    served.room.owner.open.set()
    await served.room.harness.settle()
    headers = {"Idempotency-Key": identity, "Content-Type": "application/json"}
    again = await served.client.post("/v1/loans", content=body, headers=headers)
    while again.status_code == 409:
        again = await served.client.post("/v1/loans", content=body, headers=headers)
    assert again.status_code == 202
    assert served.room.owner.handled == ["lend"]


async def test_requests_on_one_connection_are_answered_in_their_order(served: Served) -> None:
    asked = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/nowhere HTTP/1.1\r\nHost: x\r\n"
    heard = await served.say(asked + b"Connection: close\r\n\r\n")
    assert heard.index(b" 200 OK") < heard.index(b" 404 ")


async def test_problems_come_whole_over_a_socket(served: Served) -> None:
    answer = await served.client.post(
        "/v1/loans", content=b"{", headers={"Content-Type": "application/json"}
    )
    assert problem(answer)["status"] == 400
