"""Every long-lived task of a process is watched: ended by an error, it is begun again, and work goes on."""

import asyncio
import contextlib
import random
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from structlog.testing import capture_logs

from amphibus import failpoints, supervision
from amphibus.failpoints import TASK_FAILPOINTS
from amphibus.testing import Harness
from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until
from tests.services.rabbitmq import RabbitNode

pytestmark = pytest.mark.asyncio

_NAMES = {
    "task.writer": "writer:",
    "task.relay": "relay:",
    "task.scheduler": "scheduler:",
    "task.leases": "leases:",
    "task.retention": "retention:",
    "task.broker": "broker:",
    "task.publish": "broker:publish",
    "task.request": "broker:request",
    "task.consume": "broker:consume",
    "task.changeover": "way:",
    "task.operations": "operations:",
}
"""How the name of the task begins in which the failpoint stands."""
_PATIENCE = 60.0


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    failpoints.arm("")


async def counted(shop: Harness) -> str:
    return (await shop.host.meters.exposition()).decode()


@pytest.mark.parametrize("failpoint", TASK_FAILPOINTS)
async def test_a_task_that_fails_once_is_told_of_and_work_goes_on(
    failpoint: str,
    node: RabbitNode,
    database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(supervision, "_WORKS_SECONDS", 3600.0)  # it stays a reason to be seen
    office = Office("rabbitmq+direct", tmp_path, amqp_url=node.url, db_url=database)
    failpoints.arm(f"{failpoint}:1:raise")
    with capture_logs() as lines:
        async with office.open() as shop:
            await shop.send(desk.Write(book="a", line=1))
            await until(lambda: office.numbers("readers", "a") == [1], _PATIENCE)
            names = [each["task"] for each in lines if each["event"] == "task.failed"]
            reasons, metrics = shop.host.health.reasons(), await counted(shop)
            hopeless = shop.host.health.hopeless
    await node.forget(tmp_path, project().topology())

    assert [name.startswith(_NAMES[failpoint]) for name in names] == [True]
    assert set(reasons) == set(names)
    assert f'amphibus_task_restarts_total{{task="{names[0]}"}} 1.0' in metrics
    assert hopeless == {}


@pytest.mark.parametrize(
    "rounds", [25, pytest.param(250, marks=pytest.mark.full)], ids=["shortly", "long"]
)
async def test_database_connections_cut_in_the_middle_of_anything_leave_nothing_undecided(
    rounds: int, database: str, tmp_path: Path
) -> None:
    """An operator's pg_terminate_backend, a failover: any statement may end so, the ROLLBACK too."""
    chance = random.Random(rounds)
    office = Office("memory", tmp_path, db_url=database)
    operator = await asyncpg.connect(database)
    async with office.open() as shop:
        sending = [
            asyncio.create_task(shop.send(desk.Write(book=f"b{n % 7}", line=n)))
            for n in range(rounds)
        ]
        for _ in range(rounds):
            await operator.execute(
                "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " ORDER BY random() LIMIT 2) AS cut"
            )
            sending.append(asyncio.create_task(shop.send(desk.Write(book="c", line=rounds))))
            ends = asyncio.get_running_loop().time() + chance.random() * 0.05
            while asyncio.get_running_loop().time() < ends:
                await asyncio.sleep(0.005)
        await operator.close()
        async with asyncio.timeout(_PATIENCE):
            outcomes = await asyncio.gather(*sending, return_exceptions=True)
            while not await shop.host.idle():
                await asyncio.sleep(0.05)
        await shop.send(desk.Write(book="last", line=1))
        await until(lambda: office.numbers("readers", "last") == [1], _PATIENCE)
        await until(lambda: not shop.host.health.reasons(), _PATIENCE)

    accepted = sum(not isinstance(each, BaseException) for each in outcomes)
    on_the_desk = office.lines("desk")
    assert len(on_the_desk) >= accepted + 1
    assert len(office.lines("readers")) == len(on_the_desk)


async def test_a_unit_that_leaves_its_connection_busy_costs_the_writer_a_new_one(
    database: str, tmp_path: Path
) -> None:
    """It cannot even be rolled back then; the units behind it run all the same."""
    office = Office("memory", tmp_path, db_url=database)
    async with office.open() as shop:
        hosted = shop.host.modules["desk"]
        left = []

        async def leave_busy(_transaction: object) -> None:
            raw = hosted.store.writer.raw  # type: ignore[attr-defined]
            left.append(asyncio.create_task(raw.execute("SELECT pg_sleep(1)")))
            await asyncio.sleep(0)
            message = "gone, with a statement under way"
            raise RuntimeError(message)

        with pytest.raises(RuntimeError, match="under way"):
            await hosted.writer.submit(leave_busy)
        await shop.send(desk.Write(book="a", line=1))
        await until(lambda: office.numbers("readers", "a") == [1], _PATIENCE)
        await asyncio.gather(*left, return_exceptions=True)


class Cutter:
    """A way to the broker that cuts each connection a moment after it was opened, until it is told to stop."""

    def __init__(self, port: int, seed: int) -> None:
        self._port = port
        self._chance = random.Random(seed)
        self._open: set[tuple[asyncio.StreamWriter, ...]] = set()
        self._cuts = False
        self.cut = 0

    def begin(self) -> None:
        """Cuts what is open, and from now on whatever is opened."""
        self._cuts = True
        for ends in list(self._open):
            self._cut(ends)

    def stop(self) -> None:
        """Lets connections be."""
        self._cuts = False

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        ends = (writer, back)
        self._open.add(ends)
        if self._cuts:
            loop = asyncio.get_running_loop()
            loop.call_later(self._chance.choice((0.01, 0.03, 0.1, 0.4, 1.0)), self._cut, ends)
        await asyncio.gather(_pump(reader, back), _pump(there, writer))
        self._open.discard(ends)

    def _cut(self, ends: tuple[asyncio.StreamWriter, ...]) -> None:
        self.cut += 1
        for each in ends:
            each.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.mark.parametrize(
    "cuts", [12, pytest.param(45, marks=pytest.mark.full)], ids=["shortly", "long"]
)
async def test_broker_connections_cut_at_any_moment_of_their_opening_leave_no_queue_unread(
    cuts: int, node: RabbitNode, tmp_path: Path
) -> None:
    """A connection lost while a channel opens is told by the library with a bare Exception."""
    cutter = Cutter(node.port, cuts)
    async with await asyncio.start_server(cutter.carry, "127.0.0.1", 0) as proxy:
        port = proxy.sockets[0].getsockname()[1]
        url = node.url.replace(f":{node.port}", f":{port}")
        office = Office("rabbitmq", tmp_path, amqp_url=url)
        async with office.open() as shop:
            cutter.begin()
            sent = 0
            while cutter.cut < cuts:
                await shop.send(desk.Write(book="a", line=sent))
                sent += 1
                await asyncio.sleep(0.05)
            cutter.stop()
            expected = list(range(sent))
            await until(lambda: office.numbers("readers", "a") == expected, _PATIENCE)
            await until(lambda: office.numbers("archive", "a", "filed") == expected, _PATIENCE)
            reasons = shop.host.health.reasons()
    await node.forget(tmp_path, project().topology())

    assert [name for name in reasons if name.startswith("broker:")] == []
