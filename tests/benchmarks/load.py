"""A load generator over HTTP: closed loops with so many in flight, and open loops at a rate.

Light on purpose, as it shares the machine with what it measures: connections are kept alive, nothing is
parsed but the status and the length.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, cast
from urllib.parse import urlsplit

from tests.benchmarks.child import Broken
from tests.benchmarks.spread import percentile

Send = Callable[[], Awaitable[None]]
_ANSWERS_WITHIN: Final = 30.0
_SILENT_SECONDS = 2.0
"""Less than the time after which any of the servers hangs up."""


class Refusal(Broken):
    """An answer with another status than was expected."""


class Wire(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._transport: asyncio.Transport | None = None
        self._spoke = time.monotonic()
        self._received = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's does not derive from it

    def data_received(self, data: bytes) -> None:
        self._received += data
        head = self._received.find(b"\r\n\r\n")
        if head < 0 or self._answer is None:
            return
        lines = bytes(self._received[:head]).lower()
        at = lines.find(b"content-length:")
        length = int(lines[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._received) < head + 4 + length:
            return
        body = bytes(self._received[head + 4 : head + 4 + length])
        self._received.clear()
        self._answer.set_result((int(lines[9:12]), body))
        self._answer = None

    def connection_lost(self, _error: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the server hung up"))

    async def open(self) -> None:
        """Connects, unless it is connected: a server hangs up on who was silent for a while.

        It may do so just when the next request is on its way, so nobody waits for that.
        """
        silent = time.monotonic() - self._spoke > _SILENT_SECONDS
        if self._transport is None or self._transport.is_closing() or silent:
            self.close()
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: self, self._host, self._port)

    async def request(self, raw: bytes) -> tuple[int, bytes]:
        """Status and body."""
        await self.open()
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        answer = self._answer
        self._spoke = time.monotonic()
        self._transport.write(raw)
        async with asyncio.timeout(_ANSWERS_WITHIN):
            return await answer

    def close(self) -> None:
        """Hangs up."""
        if self._transport is not None:
            self._transport.close()


class Wires:
    """Connections to one or more servers, lent out one by one."""

    def __init__(self, wires: list[Wire]) -> None:
        self._free = asyncio.Queue[Wire]()
        for each in wires:
            self._free.put_nowait(each)

    @classmethod
    @asynccontextmanager
    async def to(cls, urls: Sequence[str], count: int) -> AsyncIterator["Wires"]:
        """Opens `count` connections, spread evenly over the servers."""
        wires = []
        for number in range(count):
            where = urlsplit(urls[number % len(urls)])
            wires.append(Wire(where.hostname or "", where.port or 0))
        await asyncio.gather(*(wire.open() for wire in wires))
        try:
            yield cls(wires)
        finally:
            for wire in wires:
                wire.close()

    async def send(self, raw: bytes, expected: int) -> bytes:
        """Sends over one that is free; returns the body of the answer.

        Raises:
            Refusal: the status is not the expected one.
        """
        wire = await self._free.get()
        try:
            status, body = await wire.request(raw)
        finally:
            self._free.put_nowait(wire)
        if status != expected:
            raise Refusal(f"{status}, not {expected}: {body[:300]!r}")
        return body


def http(method: str, path: str, body: bytes = b"", key: str = "") -> bytes:
    """A request as it goes over the wire; a `key` says who asks."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n"
    if key:
        head += f"Authorization: Bearer {key}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n".encode() + body


@dataclass(slots=True)
class Run:
    """What came of a loop."""

    latencies: list[float] = field(default_factory=list)
    """Seconds, each from the moment at which it should have been sent."""
    seconds: float = 0.0
    """From the first sent to the last done."""
    cpu: float = 0.0
    """Seconds of it that the contestant's processes used, where that was asked."""

    @property
    def rate(self) -> float:
        """A second."""
        return len(self.latencies) / self.seconds

    def milliseconds(self, share: float) -> float:
        """The latency that this share of all did not exceed."""
        return percentile(self.latencies, share) * 1000


async def closed(send: Send, *, in_flight: int, seconds: float, most: int = 1_000_000) -> Run:
    """Keeps so many in flight for so long, then waits for the rest."""
    run, began = Run(), time.perf_counter()
    ends, started = began + seconds, 0

    async def one_after_another() -> None:
        nonlocal started
        while time.perf_counter() < ends and started < most:
            started += 1
            sent = time.perf_counter()
            await send()
            run.latencies.append(time.perf_counter() - sent)

    await asyncio.gather(*(one_after_another() for _ in range(in_flight)))
    run.seconds = time.perf_counter() - began
    return run


async def opened(send: Send, *, rate: float, seconds: float) -> Run:
    """Sends at a steady rate whatever comes of it. Who has to wait for a turn is late, and that counts."""
    run, began = Run(), time.perf_counter()
    count, tasks = max(1, int(rate * seconds)), set[asyncio.Task[None]]()

    async def one(due: float) -> None:
        await send()
        run.latencies.append(time.perf_counter() - due)

    for number in range(count):
        due = began + number / rate
        while (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        tasks.add(asyncio.create_task(one(due)))
    await asyncio.gather(*tasks)
    run.seconds = time.perf_counter() - began
    return run
