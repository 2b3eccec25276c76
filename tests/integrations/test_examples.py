"""A FastAPI application and a plain FastStream service take part in the shop, once whatever dies."""

import ast
import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import httpx
import pytest
from faststream import FastStream

from amphibus.failpoints import APPLICATION_FAILPOINTS
from amphibus.testing import environment
from tests.architecture.tree import ROOT
from tests.integrations.shop import bulbs_of, order_of, rows_of, shop_at, until

pytestmark = pytest.mark.asyncio
APP = ROOT / "examples/fastapi_application/app.py"
SERVICE = ROOT / "examples/faststream_service/service.py"
STOCK = 1_000


def environment_of(folder: Path, broker: str, database: str) -> dict[str, str]:
    return {
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder / database}",
        "AMQP_URL": broker,
        "SHOP_ENV": environment(folder),
    }


def lines_of(path: Path, function: str) -> list[int]:
    """The line of each statement of a function."""
    (found,) = (
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.AsyncFunctionDef) and node.name == function
    )
    return sorted(
        {node.lineno for node in ast.walk(found) if isinstance(node, ast.stmt)} - {found.lineno}
    )


@pytest.mark.filterwarnings("ignore:The 'alias' attribute")  # of FastAPI's own, whatever the model
async def test_an_order_of_a_foreign_application_brings_a_gift_of_a_foreign_service(
    broker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from examples.fastapi_application import app as checkout
    from examples.faststream_service import service as gifts

    async with shop_at(broker, tmp_path, stock=STOCK) as harness:
        for name, value in environment_of(tmp_path, broker, "gifts.db").items():
            monkeypatch.setenv(name, value)
        service = gifts.create_app()
        for name, value in environment_of(tmp_path, broker, "checkout.db").items():
            monkeypatch.setenv(name, value)
        app = checkout.create_app()
        await service.start()
        async with _stopped(service), app.router.lifespan_context(app):
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url="http://checkout"
            )
            async with client:
                for _ in range(2):
                    await _put(client, 1)
            await until(lambda: _has_gifts(tmp_path, 1))
            await until(lambda: _nothing_waits(tmp_path))
            await harness.settle()

        sources = [row["source"] for row in harness.inbox("orders")]
        assert sources.count("checkout") == 1
        assert await bulbs_of(harness) == STOCK - 2 + 1
        assert await rows_of(tmp_path / "gifts.db", "SELECT count(*) FROM amphibus_incoming") == [
            (1,)
        ]


@pytest.mark.full
@pytest.mark.timeout(900)
async def test_a_kill_between_any_two_lines_loses_nothing_and_does_nothing_twice(
    broker: str, tmp_path: Path, unused_tcp_port: int
) -> None:
    """Killed before each line of what they do, and at each named place of their outbox and inbox."""
    relays = [each for each in APPLICATION_FAILPOINTS if "relay" in each]
    of_app = [*map(str, lines_of(APP, "check_out")), *relays]
    of_service = [*map(str, lines_of(SERVICE, "confirmed")), *APPLICATION_FAILPOINTS]
    count = len(of_app) + len(of_service)
    async with shop_at(broker, tmp_path, stock=STOCK) as harness:
        deaths = 0
        async with Programs(broker, tmp_path, unused_tcp_port) as programs:
            numbers = iter(range(1, count + 1))
            for point in of_app:
                await programs.start("service")
                await programs.start("app", point)
                await programs.order_until_killed(next(numbers), "app")
                deaths += 1
            await programs.start("app")
            for point in of_service:
                await programs.stop("service")
                await programs.start("service", point)
                await programs.order_until_killed(next(numbers), "service")
                deaths += 1
            await programs.start("service")
            for number in range(1, count + 1):
                await programs.order(number)
            await until(lambda: _has_gifts(tmp_path, count))
            await until(lambda: _nothing_waits(tmp_path))
            await harness.settle()

        assert deaths == count >= 15
        placed = [row for row in harness.inbox("orders") if row["source"] == "checkout"]
        assert len(placed) == count
        assert await bulbs_of(harness) == STOCK - 2 * count + count
        given = await rows_of(tmp_path / "gifts.db", "SELECT order_id FROM gift")
        assert len(given) == len(set(given)) == count
        assert harness.dead("orders") == harness.dead("inventory") == []


@asynccontextmanager
async def _stopped(service: FastStream) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await service.stop()


class Programs:
    """The two examples as processes, each killed at a place that is named, and begun again."""

    def __init__(self, broker: str, folder: Path, port: int) -> None:
        self._broker, self._folder, self._port = broker, folder, port
        self._running: dict[str, asyncio.subprocess.Process] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for name in list(self._running):
            await self.stop(name)

    async def start(self, name: str, point: str = "") -> None:
        """Starts an example, unless it runs, to be killed before a line or at a failpoint."""
        if name in self._running:
            return
        database = "checkout.db" if name == "app" else "gifts.db"
        own = environment_of(self._folder, self._broker, database)
        self._running[name] = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.integrations.killed", name, str(self._port), point,
            cwd=ROOT, env={**os.environ, **own},
        )  # fmt: skip

    async def stop(self, name: str) -> None:
        """Kills it, if it runs."""
        process = self._running.pop(name, None)
        if process is not None:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def order(self, number: int) -> bool:
        """Puts a basket until it is accepted; returns False where the application has died before."""
        async with self._client() as client:
            while self._running["app"].returncode is None:
                try:
                    await _put(client, number)
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
                else:
                    return True
        return False

    async def order_until_killed(self, number: int, name: str) -> None:
        """Puts one basket, and waits until the program has been killed by what came of it."""
        await self.order(number)
        async with asyncio.timeout(120):
            assert await self._running[name].wait() == -signal.SIGKILL
        del self._running[name]

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[httpx.AsyncClient]:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self._port}", timeout=30
        ) as client:
            yield client


async def _put(client: httpx.AsyncClient, number: int) -> None:
    order = order_of(number)
    answer = await client.put(f"/baskets/{order.order_id}", json=order.model_dump(mode="json"))
    assert answer.status_code == 202, answer.text


async def _has_gifts(folder: Path, count: int) -> bool:
    return await rows_of(folder / "gifts.db", "SELECT count(*) FROM gift") == [(count,)]


async def _nothing_waits(folder: Path) -> bool:
    waiting = [
        await rows_of(folder / each, "SELECT count(*) FROM amphibus_outgoing")
        for each in ("checkout.db", "gifts.db")
    ]
    return waiting == [[(0,)], [(0,)]]
