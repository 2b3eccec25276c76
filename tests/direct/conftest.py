"""Processes that ask each other directly, all of them in one loop: what each hosts, and a folder for all of them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest_asyncio

from amphibus.clock import SystemClock
from amphibus.config.settings import Settings
from amphibus.messages.envelope import Envelope, Reply
from amphibus.messages.failure import Failure
from amphibus.messages.ids import new_id, new_trace
from amphibus.telemetry.health import Health
from amphibus.testing.conformance.business import project
from amphibus.transport import Ack, MarkingSender, OnOutcome, OnPartitionChange
from amphibus.transports.direct.directory import Directory, Known, PeerAddress
from amphibus.transports.direct.file_directory import FileDirectory
from amphibus.transports.direct.transport import DirectTransport
from amphibus.transports.memory import MemoryTransport

TOPOLOGY = project().topology()
Answer = Callable[[Envelope], Awaitable[Reply]]


async def said(envelope: Envelope) -> Reply:
    """Says again what it was asked."""
    return Reply("answered", envelope.body)


class Desk:
    """The receiving end of a module that answers as a test wants it."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked: list[Envelope] = []
        self.on_reply: OnOutcome = lambda _envelope, _reply: None

    async def request(self, envelope: Envelope) -> Reply:
        self.asked.append(envelope)
        return await self._answer(envelope)

    def take(self, envelope: Envelope, ack: Ack, partition: int | None = None) -> None:
        raise AssertionError(f"{envelope} {ack} {partition}: nothing is delivered here")

    def refuse(
        self, envelope: Envelope, failure: Failure, ack: Ack, partition: int | None = None
    ) -> None:
        raise AssertionError(f"{envelope} {failure} {ack} {partition}: nothing is delivered here")


class Way(MemoryTransport):
    """The way below, as a broker's; a test says when that is away."""

    works = True

    def __init__(self) -> None:
        super().__init__(2)
        self.recalled: list[str] = []

    def follow(self, source: str, sender: MarkingSender | None) -> None:
        """It keeps nothing that could be lost."""

    def recall(self, source: str) -> None:
        self.recalled.append(source)

    def pass_by(self, passed: bool) -> None:
        """It has no health."""

    def doubt(self, _module: str, _envelope: Envelope) -> str | None:
        return None


class NoPartitions:
    owned: frozenset[int] = frozenset()

    def __init__(self) -> None:
        self.on_change: list[OnPartitionChange] = []


class Board:
    """A directory for several instances of a module within one test."""

    every_seconds = 0.05

    def __init__(self, posted: dict["Board", Sequence[PeerAddress]], key: bytes) -> None:
        self._posted = posted
        self._key = key

    async def beat(self, own: Sequence[PeerAddress]) -> Known:
        self._posted[self] = own
        found: dict[str, list[PeerAddress]] = {}
        for address in (each for some in self._posted.values() for each in some):
            found.setdefault(address.module, []).append(address)
        pairs = [frozenset((a, b)) for a in TOPOLOGY.modules for b in TOPOLOGY.modules]
        return Known(found, dict.fromkeys(pairs, self._key))

    async def close(self) -> None:
        """Withdraws nothing, as a process that was killed."""


@dataclass
class Process:
    """One process, with what it hosts."""

    transport: DirectTransport
    below: Way
    health: Health
    desk: Desk
    ways: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.transport._server.port

    async def ask(self, envelope: Envelope, timeout: float = 10.0) -> Reply:  # noqa: ASYNC109
        return await self.transport.requests.request("desk", envelope, timeout)

    async def look(self) -> None:
        """Learns at once what the others have announced."""
        await self.transport._beat()

    async def kill(self) -> None:
        """Ends it without a word to anybody."""
        await self.transport.close()


class Street:
    """All processes of a test."""

    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        self.folder = folder
        self._stack = stack
        self._posted: dict[Board, Sequence[PeerAddress]] = {}

    def board(self, key: bytes = b"k" * 32) -> Board:
        return Board(self._posted, key)

    async def process(
        self,
        *modules: str,
        answer: Answer = said,
        directory: Directory | None = None,
        net: bool = False,
        **settings: Any,
    ) -> Process:
        """Opens one. With a `net`, requests that no process takes are answered by the way below."""
        configured = Settings.model_validate({"data_dir": self.folder, **settings})
        below = Way()
        transport = DirectTransport(
            below,
            TOPOLOGY,
            configured,
            SystemClock(),
            directory=directory or FileDirectory(self.folder, TOPOLOGY.modules),
            doubt=lambda _module, _envelope: None,
        )
        made = Process(transport, below, Health(), Desk(answer))
        for module in modules:
            transport.requests.attach(module, made.desk)
            if module == "desk":
                await below.requests.detach(module)  # as over a broker that is away
        if net:
            below.requests.attach("desk", made.desk)
        made.health.on_asked = made.ways.append
        await transport.open(made.health)
        self._stack.push_async_callback(transport.close)
        return made


@pytest_asyncio.fixture
async def street(tmp_path: Path) -> AsyncIterator[Street]:
    async with AsyncExitStack() as stack:
        yield Street(tmp_path, stack)


def query(body: bytes = b'{"book": "b"}', **changes: Any) -> Envelope:
    """A query to the desk."""
    made = Envelope(
        id=new_id(),
        type="desk.Count.v1",
        source="gateway",
        key="b",
        time=SystemClock().now(),
        correlation=new_id(),
        causation=None,
        trace=new_trace(),
        body=body,
        reply=True,
    )
    return replace(made, **changes)


def command(**changes: Any) -> Envelope:
    """A decided command to the desk."""
    return query(b'{"book": "b", "line": 1}', type="desk.Write.v1", **changes)
