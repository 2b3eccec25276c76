"""Two instances of each sender on a server, whose broker is replaced by an empty one: all arrives once and in order."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from amphibus.clock import SystemClock, VirtualClock
from amphibus.host.host import Host
from amphibus.routing.topology import GATEWAY
from amphibus.testing import Harness
from amphibus.testing.conformance.contracts.desk import v1 as desk
from tests.services.rabbitmq import RabbitNode
from tests.topologies.instance import host

pytestmark = [pytest.mark.asyncio, pytest.mark.full, pytest.mark.timeout(900)]
SENDERS = ("desk", GATEWAY)
BOOKS = tuple("abcdef")
LINES = 12
_WITHIN_SECONDS = 240.0


class Place:
    """The instances of a test, each in what stands for a process of its own."""

    def __init__(self, folder: Path, database: str, node: RabbitNode) -> None:
        self._folder = folder
        self._database = database
        self._node = node

    @asynccontextmanager
    async def instance(self, name: str, *modules: str) -> AsyncIterator[Host]:
        data = self._folder / name
        hosted = host(modules, data, self._database, self._node.url, "replaced")
        await hosted.start()
        try:
            yield hosted
        finally:
            await hosted.stop()

    async def numbers(self, statement: str) -> dict[str, list[int]]:
        """What a module has kept of each book, in its order."""
        connection = await asyncpg.connect(self._database)
        try:
            rows = await connection.fetch(statement)
        finally:
            await connection.close()
        found = defaultdict[str, list[int]](list)
        for book, line in rows:
            found[book].append(line)
        return found

    async def until_all(self, statement: str, lines: int) -> None:
        """Waits for all lines, and finds each once and in order."""
        async with asyncio.timeout(_WITHIN_SECONDS):
            while True:
                found = await self.numbers(statement)
                if sum(map(len, found.values())) >= lines * len(BOOKS):
                    break
                await asyncio.sleep(0.2)
        assert found == {book: list(range(lines)) for book in BOOKS}

    async def until_confirmed(self) -> None:
        """Waits until the broker has all that the desk says."""
        async with asyncio.timeout(_WITHIN_SECONDS):
            while await self.numbers("SELECT destination, 1 FROM desk.amphibus_delivery"):
                await asyncio.sleep(0.1)


WRITTEN = "SELECT book, line FROM desk.line ORDER BY id"
TOLD = "SELECT book, line FROM readers.line ORDER BY id"


async def write(hosted: Host, begin: int, end: int) -> None:
    shop = Harness(hosted, VirtualClock(SystemClock()))
    for line in range(begin, end):
        await shop.send(*[desk.Write(book=book, line=line) for book in BOOKS])


@pytest.mark.parametrize("move", [False, True])
async def test_what_two_instances_gave_to_a_lost_broker_arrives(
    tmp_path: Path, database: str, fragile: RabbitNode, move: bool
) -> None:
    """With `move`, one of them leaves and another one comes while the senders meet the new broker."""
    place = Place(tmp_path, database, fragile)
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(place.instance("one", *SENDERS))
        other = AsyncExitStack()
        await other.enter_async_context(place.instance("other", *SENDERS))
        stack.push_async_callback(other.aclose)
        async with asyncio.timeout(_WITHIN_SECONDS):
            while len(one.modules["desk"].assignment.owned) != 2:
                await asyncio.sleep(0.1)
        await write(one, 0, LINES)
        await place.until_all(WRITTEN, LINES)
        await place.until_confirmed()
        await fragile.do("lose")
        await fragile.do("start")
        if move:
            await other.aclose()
            await stack.enter_async_context(place.instance("third", *SENDERS))
        await write(one, LINES, 2 * LINES)
        await place.until_all(WRITTEN, 2 * LINES)
        await stack.enter_async_context(place.instance("told", "archive", "readers"))
        await place.until_all(TOLD, 2 * LINES)
