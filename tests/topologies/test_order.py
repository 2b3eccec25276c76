"""Promise 4 where it is hardest: two instances of each module join, leave, die and stand still while messages fail."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from random import Random

import asyncpg
import pytest
import pytest_asyncio

from amphibus.clock import VirtualClock
from amphibus.routing.topology import GATEWAY
from amphibus.testing import Harness, environment
from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import MODULES
from tests.faults.month import ROOT
from tests.services.postgres import PostgresCluster
from tests.services.rabbitmq import RabbitNode
from tests.topologies.conftest import Say
from tests.topologies.databases import drop_database, make_database
from tests.topologies.instance import PARTITIONS, host

_BOOKS = tuple("abcdefgh")
_MOODS = ("", "", "", "", "fail 1", "fail 2", "away 1")
_TURNS = 6
_LINES_A_TURN = 5
_WITHIN_SECONDS = 60.0
_STANDS_STILL = 11.0
"""Longer than a lease."""
Where = tuple[str, str, str]


class Seat:
    """Where one instance sits, or none."""

    def __init__(self, folder: Path, where: Where) -> None:
        self._folder = folder
        self._where = where
        self._process: asyncio.subprocess.Process | None = None

    @property
    def taken(self) -> bool:
        return self._process is not None

    async def join(self) -> None:
        """An instance comes."""
        self._folder.mkdir(exist_ok=True)
        with (self._folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.topologies.instance", str(self._folder)),
                *self._where,
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )

    async def leave(self) -> None:
        """It is asked to stop, and does."""
        await self._end(signal.SIGTERM)

    async def die(self) -> None:
        """It ends as by a power failure."""
        await self._end(signal.SIGKILL)

    async def stand_still(self) -> None:
        """It is taken for dead, and goes on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), _STANDS_STILL)
        self._process.send_signal(signal.SIGCONT)

    async def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.send_signal(how)
            await asyncio.wait_for(process.wait(), 30)


@pytest.fixture
def where(tmp_path: Path, node: RabbitNode, server: PostgresCluster) -> Iterator[Where]:
    """A database, a broker and a name there."""
    name = environment(tmp_path)
    yield make_database(server, name), node.url, name
    drop_database(server, name)
    asyncio.run(node.forget(tmp_path, project().topology(), PARTITIONS))


@pytest_asyncio.fixture
async def seats(tmp_path: Path, where: Where) -> AsyncIterator[tuple[Seat, ...]]:
    """Two, both empty."""
    made = tuple(Seat(tmp_path / name, where) for name in ("one", "other"))
    yield made
    for seat in made:
        await seat.die()


async def _numbers(url: str, module: str) -> dict[str, list[int]]:
    """The lines of each book, in the order in which a module has kept them."""
    found: dict[str, list[int]] = {}
    connection = await asyncpg.connect(url, timeout=100)
    try:
        wanted = "filed" if module == "archive" else "%"
        statement = f"SELECT book, line FROM {module}.line WHERE what LIKE $1 ORDER BY id"
        for book, line in await connection.fetch(statement, wanted):
            found.setdefault(book, []).append(line)
    except asyncpg.UndefinedTableError:
        pass  # every instance so far died before it had made them
    finally:
        await connection.close()
    return found


async def _turn(chance: Random, seats: tuple[Seat, ...]) -> str:
    """One instance comes or goes, however that may be; one at least is there afterwards."""
    seat = chance.choice(seats)
    if not seat.taken:
        await seat.join()
        return "join"
    what = chance.choice(("leave", "die", "die", "stand_still"))
    await getattr(seat, what)()
    if not any(each.taken for each in seats):
        await chance.choice(seats).join()
    return what


async def _order_holds(seed: int, where: Where, seats: tuple[Seat, ...], folder: Path) -> list[str]:
    chance, turns = Random(seed), []
    gateway = host((GATEWAY,), folder / "gateway", *where)
    await gateway.start()
    shop = Harness(gateway, VirtualClock())
    for seat in seats:
        await seat.join()
    for turn in range(_TURNS):
        for line in range(turn * _LINES_A_TURN, (turn + 1) * _LINES_A_TURN):
            moods = [chance.choice(_MOODS) for _ in _BOOKS]
            lines = zip(_BOOKS, moods, strict=True)
            await shop.send(*[desk.Write(book=book, line=line, mood=mood) for book, mood in lines])
        turns.append(await _turn(chance, seats))
    expected = {book: list(range(_TURNS * _LINES_A_TURN)) for book in _BOOKS}
    count = sum(map(len, expected.values()))
    async with asyncio.timeout(_WITHIN_SECONDS):
        for module in MODULES:
            while sum(map(len, (await _numbers(where[0], module)).values())) < count:
                await asyncio.sleep(0.2)
    await gateway.stop()
    for module in MODULES:
        assert await _numbers(where[0], module) == expected, f"{module} after {turns}"
    return turns


@pytest.mark.full
@pytest.mark.asyncio
async def test_order_per_key_holds_while_instances_come_and_go(
    where: Where, seats: tuple[Seat, ...], tmp_path: Path, say: Say
) -> None:
    say(f"seed 1: {await _order_holds(1, where, seats, tmp_path)}")


@pytest.mark.full
@pytest.mark.asyncio
@pytest.mark.parametrize("seed", range(2, 12))
async def test_order_per_key_holds_whatever_instances_do(
    seed: int, where: Where, seats: tuple[Seat, ...], tmp_path: Path, say: Say
) -> None:
    say(f"seed {seed}: {await _order_holds(seed, where, seats, tmp_path)}")
