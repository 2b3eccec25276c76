"""The load generator says what it did, and counts every wait."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.benchmarks import load
from tests.benchmarks.load import Refusal, Wires, closed, http, opened


@asynccontextmanager
async def server(*, hangs_up: str = "never") -> AsyncIterator[tuple[str, list[int]]]:
    """Answers with what it was sent, and knows how many asked at once."""
    busy, most = 0, [0]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal busy
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            busy += 1
            most[0] = max(most[0], busy)
            for _ in range(3):
                await asyncio.sleep(0)
            busy -= 1
            status = json.loads(body)["status"]
            writer.write(
                f"HTTP/1.1 {status} OK\r\nContent-Length: {length}\r\n\r\n".encode() + body
            )
            if hangs_up == "when it is asked again":
                await reader.readuntil(b"\r\n\r\n")
            if hangs_up != "never":
                writer.close()
                return

    async def quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    listening = await asyncio.start_server(quietly, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}", most
    listening.close()


def asking(status: int) -> bytes:
    return http("POST", "/", json.dumps({"status": status}).encode())


@pytest.mark.asyncio
async def test_a_server_may_hang_up_on_who_was_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though it does so when it has the next request already, and answers nothing."""
    monkeypatch.setattr(load, "_SILENT_SECONDS", -1.0)  # as if that time had gone by
    async with (
        server(hangs_up="when it is asked again") as (url, _),
        Wires.to([url], 1) as wires,
    ):
        for _ in range(3):
            await wires.send(asking(202), 202)


@pytest.mark.asyncio
async def test_a_closed_loop_keeps_so_many_in_flight_and_no_more() -> None:
    async with server() as (url, most), Wires.to([url], 8) as wires:

        async def send() -> None:
            await wires.send(asking(202), 202)

        run = await closed(send, in_flight=4, seconds=5, most=100)

    assert len(run.latencies) == 100
    assert 1 <= most[0] <= 4
    assert run.rate == pytest.approx(100 / run.seconds)


@pytest.mark.asyncio
async def test_an_open_loop_sends_all_that_is_due_and_counts_from_when_it_was() -> None:
    """A server that answers one at a time keeps others waiting; that is latency, not a lower rate."""
    one_at_a_time = asyncio.Lock()

    async def send() -> None:
        async with one_at_a_time:
            await asyncio.wait([asyncio.create_task(asyncio.Event().wait())], timeout=0.01)

    run = await opened(send, rate=400, seconds=0.1)

    assert len(run.latencies) == 40
    assert max(run.latencies) > 0.2


@pytest.mark.asyncio
async def test_another_status_than_the_expected_one_ends_the_run() -> None:
    async with server() as (url, _), Wires.to([url], 1) as wires:
        with pytest.raises(Refusal, match="422, not 202"):
            await wires.send(asking(422), 202)


@pytest.mark.asyncio
async def test_a_server_that_hung_up_is_connected_to_again() -> None:
    async with server(hangs_up="at once") as (url, _), Wires.to([url], 1) as wires:
        for _ in range(3):
            assert json.loads(await wires.send(asking(200), 200)) == {"status": 200}
            await asyncio.wait([asyncio.create_task(asyncio.Event().wait())], timeout=0.02)
