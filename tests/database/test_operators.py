"""What an operator's commands do on a server, while the modules run: the same as in files."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import text

from amphibus.admin import dead, flows, replay
from amphibus.admin.latest_flows import latest_flows
from amphibus.admin.stores import AdminStore, SchemaStore
from amphibus.admin.views import at_rest
from amphibus.clock import SystemClock, VirtualClock
from amphibus.config.settings import load_settings
from amphibus.context import Context
from amphibus.host.host import Host
from amphibus.messages.contracts.amphibus.acting import Operator
from amphibus.outbox import acks
from amphibus.partitions.assignment import partition_of
from amphibus.routing.topology import GATEWAY
from amphibus.testing import Harness
from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.moods import Script, container_with
from amphibus.testing.conformance.office import MODULES
from tests.services.postgres import PostgresCluster

pytestmark = pytest.mark.asyncio
_PARTITIONS = 8
_PATIENCE_SECONDS = 15.0


class Shop:
    """The tiny business on a server, and what its operator sees of it."""

    def __init__(self, url: str, script: Script) -> None:
        self.url = url
        self.script = script
        self.stores: dict[str, AdminStore] = {
            name: SchemaStore(name, url, _PARTITIONS) for name in (*MODULES, GATEWAY)
        }
        self.harness: Harness

    @asynccontextmanager
    async def open(self, folder: Path, **bus: float) -> AsyncIterator[Harness]:
        """All modules in this process."""
        flags = {
            "data_dir": folder,
            "db_url": self.url,
            "bus.partitions": _PARTITIONS,
            "bus.max_attempts": 1,
            "bus.poll_seconds": 0.05,
        } | {f"bus.{name}": value for name, value in bus.items()}
        business = project()
        settings = load_settings(business.root, flags=flags, environ={})
        names = (*MODULES, GATEWAY)
        containers = {name: container_with(self.script) for name in MODULES}
        host = Host(business, settings, names, clock=SystemClock(), containers=containers)
        await host.start()
        try:
            yield Harness(host, VirtualClock())
        finally:
            await host.stop()

    async def rows(self, statement: str) -> list[tuple[object, ...]]:
        """Reads the database."""
        connection = await asyncpg.connect(self.url, timeout=100)
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    async def until(self, statement: str, *expected: tuple[object, ...]) -> None:
        """Waits until a query finds exactly that."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while await self.rows(statement) != list(expected):
                await asyncio.sleep(0.01)


@pytest_asyncio.fixture
async def shop(cluster: PostgresCluster) -> AsyncIterator[Shop]:
    """On an empty database."""
    url = cluster.fresh()
    connection = await asyncpg.connect(cluster.url(), timeout=100)
    name = url.rpartition("/")[2]
    await connection.execute(f'CREATE DATABASE "{name}"')
    yield Shop(url, Script())
    await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await connection.close()


_DEAD = "SELECT key FROM desk.amphibus_dead ORDER BY key"
_LINES = "SELECT book, line, late FROM desk.line ORDER BY id"


async def test_a_dead_letter_is_found_and_tried_again_by_who_has_its_partition(
    shop: Shop, tmp_path: Path
) -> None:
    async with shop.open(tmp_path) as harness:
        await harness.send(*[desk.Write(book=book, line=1, mood="broken") for book in "abc"])
        await shop.until(_DEAD, ("a",), ("b",), ("c",))
        found = await dead.found_at_rest(shop.stores, module="desk")
        shop.script.healed = True
        done = await dead.retry(shop.stores, found)
        await shop.until("SELECT count(*) FROM desk.line", (3,))

    assert sorted(each.letter.key or "" for each in done) == ["a", "b", "c"]
    assert await shop.rows(_DEAD) == []


async def test_a_retried_letter_is_in_its_keys_partition(shop: Shop, tmp_path: Path) -> None:
    """With several instances, no other takes it up."""
    async with shop.open(tmp_path) as harness:
        await harness.send(*[desk.Write(book=book, line=1, mood="broken") for book in "abc"])
        await shop.until(_DEAD, ("a",), ("b",), ("c",))
    await dead.retry(shop.stores, await dead.found_at_rest(shop.stores))

    parts = await shop.rows("SELECT key, partition FROM desk.amphibus_delayed ORDER BY key")
    assert parts == [(book, partition_of(book, "", _PARTITIONS)) for book in "abc"]


async def test_what_waits_behind_a_blocking_one_goes_on_when_it_is_discarded(
    shop: Shop, tmp_path: Path
) -> None:
    async with shop.open(tmp_path) as harness:
        await harness.send(*[desk.Guard(book="b", line=n, mood="broken" * (not n)) for n in (0, 1)])
        await shop.until("SELECT key, due FROM desk.amphibus_delayed", ("b", None))
        await dead.discard(shop.stores, await dead.found_at_rest(shop.stores))
        await shop.until(_LINES, ("b", 1, False))


async def test_a_repair_waits_for_what_runs_and_is_seen_by_what_comes_after(
    shop: Shop, tmp_path: Path
) -> None:
    """A message that arrives while its key is being freed is not left waiting for nobody."""
    async with shop.open(tmp_path) as harness:
        await harness.send(desk.Guard(book="b", line=0, mood="broken"))
        await shop.until(_DEAD, ("b",))
        for line in range(1, 20):
            if line == 10:
                letters = await dead.found_at_rest(shop.stores)
                freed = asyncio.ensure_future(dead.discard(shop.stores, letters))
            await harness.send(desk.Guard(book="b", line=line))
        await freed
        await shop.until("SELECT count(*) FROM desk.line", (19,))

    found = await shop.rows(_LINES)
    assert found == [("b", line, False) for line in range(1, 20)]


async def test_a_letter_can_be_corrected(shop: Shop, tmp_path: Path) -> None:
    async with shop.open(tmp_path) as harness:
        await harness.send(desk.Write(book="b", line=1, mood="broken"))
        await shop.until(_DEAD, ("b",))
        (letter,) = await dead.found_at_rest(shop.stores)
        assert await dead.edit(shop.stores, letter, b'{"book": "b", "line": 7}')
        await dead.retry(shop.stores, await dead.found_at_rest(shop.stores))
        await shop.until(_LINES, ("b", 7, False))


async def test_a_handler_that_waits_for_the_database_too_long_has_failed(
    shop: Shop, tmp_path: Path
) -> None:
    """The connection that it waits on is lost with it, and the others of its batch are run again."""
    original = shop.script.act

    async def act(place: str, message: desk.Write, who: Context[Any]) -> None:
        await original(place, message, who)
        if message.book == "slow":
            await (await who.db.connection()).execute(text("SELECT pg_sleep(60)"))

    shop.script.act = act  # type: ignore[method-assign,assignment]
    async with shop.open(tmp_path, handler_timeout_seconds=0.3, quick_retries=0) as harness:
        await harness.send(*[desk.Write(book=book, line=1) for book in ("a", "slow", "b")])
        await shop.until("SELECT book FROM desk.line ORDER BY book", ("a",), ("b",))
        await shop.until("SELECT key, attempts FROM desk.amphibus_dead", ("slow", 1))


async def test_events_are_replayed_to_a_module_that_was_rebuilt(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those too of which it is not noted yet that they had arrived."""
    monkeypatch.setattr(acks, "_SECONDS", 0.5)
    async with shop.open(tmp_path) as harness:
        await harness.send(*[desk.Write(book=book, line=1) for book in "abcdef"])
        await shop.until("SELECT count(*) FROM readers.line", (6,))
        await shop.rows("DELETE FROM readers.line")
        await shop.rows("DELETE FROM readers.amphibus_inbox")
        log = shop.stores["desk"]
        found = await replay.plan(log, shop.stores["readers"], types=["desk.Written.v1"], since=0)
        counts = [
            count async for count in replay.replay(log, "readers", found, Operator(who="ada"))
        ]
        await shop.until("SELECT count(*) FROM readers.line", (6,))

    assert (counts, found.handled) == ([6], 0)
    parts = dict(found.events)
    assert set(parts.values()) == {partition_of(book, "", _PARTITIONS) for book in "abcdef"}


async def test_the_story_of_a_flow_is_told(shop: Shop, tmp_path: Path) -> None:
    async with shop.open(tmp_path) as harness:
        await harness.send(desk.Write(book="b", line=1))
        await shop.until("SELECT count(*) FROM readers.line", (1,))
        await shop.until("SELECT count(*) FROM archive.line", (2,))
        async with at_rest(shop.stores) as views:
            correlation = await flows.correlation_of(views, key="b")
            assert correlation is not None
            (root,) = await flows.flow(views, correlation)
            (latest,) = await latest_flows(views, 10)

    assert root.type == "desk.Write.v1"
    assert {receipt.module for hop in root.walk() for receipt in hop.receipts} == set(MODULES)
    assert (latest.correlation, latest.messages) == (correlation, 3)
