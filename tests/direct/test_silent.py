"""Strangers who say nothing are counted from when they are accepted, have a time, and take nobody's place."""

import asyncio
import resource
import socket
import ssl
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop

from amphibus.telemetry.metrics import Meters
from amphibus.testing.conformance.office import until
from amphibus.transports.direct import server
from amphibus.transports.direct.directory import PeerAddress
from amphibus.transports.direct.frames import Kind, encoded, read_frame
from amphibus.transports.direct.handshake import enter
from tests.direct.conftest import Process, Street, query
from tests.services.certificates import certificates

KEY = b"k" * 32
OF_ONE_ADDRESS = server._MOST_STRANGERS // 2
Shown = Callable[[Street, dict[str, Any]], Awaitable[None]]


def shown_on(loop: Callable[[], asyncio.AbstractEventLoop], folder: Path, shown: Shown) -> None:
    """Runs a test on a loop, with the settings for TLS."""
    made = certificates(folder / "certificates")
    tls = {
        "advertise": "localhost",
        "tls_ca_file": made / "ca.pem",
        "tls_certificate_file": made / "server.pem",
        "tls_key_file": made / "server.key",
    }

    async def whole() -> None:
        async with AsyncExitStack() as stack:
            await shown(Street(folder, stack), tls)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(whole())


LOOPS = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
ENCRYPTED = pytest.mark.parametrize("encrypted", [True, False], ids=["tls", "plain"])
pytestmark = [LOOPS, ENCRYPTED]


def test_two_thousand_who_say_nothing_lock_nobody_out(
    loop: Callable[[], asyncio.AbstractEventLoop], encrypted: bool, tmp_path: Path
) -> None:
    async def shown(street: Street, tls: dict[str, Any]) -> None:
        direct = tls if encrypted else {}
        desk = await street.process("desk", direct=direct, directory=street.board(KEY))
        meters = Meters()
        desk.health.on_stranger = meters.stranger
        before = descriptors()
        with many() as (add, number):
            flood = asyncio.ensure_future(add(desk.port, number))
            friends = [await let_in(desk, tls if encrypted else None) for _ in range(20)]
            await flood
            gateway = await street.process("gateway", direct=direct, directory=street.board(KEY))
            assert (await gateway.ask(query())).outcome == "answered"
            assert gateway.ways == ["direct"]
            await until(lambda: refused(meters, "crowded") >= number - OF_ONE_ADDRESS)
            most = before + number + OF_ONE_ADDRESS + 2 * (len(friends) + 10)
            await until(lambda: descriptors() <= most)

            assert len(desk.transport._server._strangers) <= OF_ONE_ADDRESS
            assert "too many connections" in desk.health.degraded["direct"]
            for friend in friends:
                assert await still_there(friend)
                friend[1].close()

    shown_on(loop, tmp_path, shown)


def test_whoever_says_nothing_or_half_of_it_has_his_time_and_no_more(
    loop: Callable[[], asyncio.AbstractEventLoop],
    encrypted: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "_GREETING_SECONDS", 0.5)

    async def shown(street: Street, tls: dict[str, Any]) -> None:
        direct = tls if encrypted else {}
        desk = await street.process("desk", direct=direct, directory=street.board(KEY))
        meters = Meters()
        desk.health.on_stranger = meters.stranger
        friend = await let_in(desk, tls if encrypted else None)
        silent, slow = await connected(desk), await connected(desk)
        slow[1].write(b"\x16\x03\x01\x02\x00" if encrypted else encoded(Kind.CLAIM)[:9])
        for reader, writer in (silent, slow):
            await end_of(reader)
            writer.close()

        await until(lambda: refused(meters, "late") == 2)
        await until(lambda: len(desk.transport._server._strangers) == 0)
        assert await still_there(friend)
        friend[1].close()

    shown_on(loop, tmp_path, shown)


@contextmanager
def many() -> Iterator[tuple[Callable[[int, int], Coroutine[Any, Any, None]], int]]:
    """Adds connections on which nothing is said, as many as the process may have; they end at the end."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    made: list[socket.socket] = []

    async def add(port: int, number: int) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(number):
            made.append(socket.socket())
            made[-1].setblocking(False)
            await loop.sock_connect(made[-1], ("127.0.0.1", port))

    try:
        yield add, min(2_000, allowed - 500)
    finally:
        for each in made:
            each.close()


async def let_in(
    process: Process, tls: dict[str, Any] | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection as the gateway's, by hand."""
    context = None
    if tls is not None:
        context = ssl.create_default_context(cafile=tls["tls_ca_file"])
        context.load_cert_chain(tls["tls_certificate_file"], tls["tls_key_file"])
    reader, writer = await asyncio.open_connection("localhost", process.port, ssl=context)
    address = PeerAddress("desk", process.transport._instance, "localhost", process.port)
    await enter(reader, writer, asking="gateway", address=address, key=KEY)
    return reader, writer


async def still_there(friend: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> bool:
    """Asks on a connection whether it is answered."""
    friend[1].write(encoded(Kind.PING, 7))
    async with asyncio.timeout(60):
        return (await read_frame(friend[0], longest_body=0)).kind is Kind.PONG


async def connected(process: Process) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", process.port)


async def end_of(reader: asyncio.StreamReader) -> None:
    async with asyncio.timeout(60):
        try:
            while await reader.read(1000):
                pass
        except ConnectionError:
            pass


def descriptors() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())


def refused(meters: Meters, why: str) -> float:
    found = meters.registry.get_sample_value("amphibus_direct_refused_total", {"why": why})
    return float(found or 0)
