"""What a module does and says while its database server is away, or does not let it in any more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from structlog.testing import capture_logs

from amphibus.clock import VirtualClock
from amphibus.config.settings import load_settings
from amphibus.errors import OwnerAway, StoreUnwritable
from amphibus.host.host import Host
from amphibus.routing.topology import GATEWAY
from amphibus.testing import Harness
from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.moods import Script, container_with
from amphibus.testing.conformance.office import MODULES, until
from tests.services.postgres import PostgresCluster

pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def _shop(url: str, folder: Path) -> AsyncIterator[Harness]:
    business, script = project(), Script()
    flags = {"data_dir": folder, "db_url": url, "bus.poll_seconds": 0.05, "bus.max_attempts": 1}
    settings = load_settings(business.root, flags=flags, environ={})
    containers = {name: container_with(script) for name in MODULES}
    host = Host(business, settings, (*MODULES, GATEWAY), containers=containers)
    await host.start()
    try:
        yield Harness(host, VirtualClock())
    finally:
        await host.stop()


async def _do(url: str, *statements: str) -> list[list[object]]:
    connection = await asyncpg.connect(url, timeout=100)
    try:
        return [list(map(tuple, await connection.fetch(each))) for each in statements]
    finally:
        await connection.close()


async def test_a_query_is_told_that_its_owner_is_away_and_the_log_says_it_once(
    database: str, tmp_path: Path, server: PostgresCluster
) -> None:
    async with _shop(database, tmp_path) as shop:
        assert shop.host.health.ready
        with capture_logs() as lines:
            await server.do("stop")
            try:
                health = shop.host.modules["desk"].store.health
                await until(lambda: health._count > 5)
                assert "desk" in shop.host.health.reasons()
                with pytest.raises(OwnerAway):
                    await shop.ask(desk.Count(book="b"))
            finally:
                await server.do("start")
            await until(lambda: shop.host.health.ready)
        answer = await shop.ask(desk.Count(book="b"))

    assert answer.lines == 0
    said = [line["event"] for line in lines if line.get("module") == "desk"]
    assert said == ["store.failed", "store.back"]


async def test_a_role_that_is_not_let_in_stops_the_start_and_is_told_what_to_correct(
    database: str, tmp_path: Path, server: PostgresCluster
) -> None:
    name = database.rpartition("/")[2]
    url = f"postgresql://nobody:secret@127.0.0.1:{server.port}/{name}"
    with pytest.raises(StoreUnwritable) as said:
        async with _shop(url, tmp_path):
            pass

    assert "nobody" in said.value.why
    assert "AMPHIBUS_DB_URL" in said.value.fix
    assert "secret" not in f"{said.value.what} {said.value.why}"


async def test_a_password_that_is_wrong_all_of_a_sudden_costs_no_message(
    database: str, tmp_path: Path, server: PostgresCluster
) -> None:
    name = database.rpartition("/")[2]
    user = f'"clerk-{name}"'
    await _do(
        database,
        f"CREATE ROLE {user} LOGIN PASSWORD 'right'",
        f'GRANT CREATE ON DATABASE "{name}" TO {user}',
    )
    url = f"postgresql://clerk-{name}:right@127.0.0.1:{server.port}/{name}"
    async with _shop(url, tmp_path) as shop:
        await _do(
            database,
            f"ALTER ROLE {user} PASSWORD 'other'",
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'clerk-{name}'",
        )
        event = desk.Written(book="b", line=1)
        hearing = asyncio.ensure_future(shop.publish(event))
        await until(
            lambda: (
                "password authentication failed" in shop.host.health.reasons().get("readers", "")
            )
        )
        assert not hearing.done()
        assert "right" not in str(shop.host.health.reasons())

        await _do(database, f"ALTER ROLE {user} PASSWORD 'right'")
        await hearing
        await until(lambda: shop.host.health.ready)
        found = await _do(
            database, "SELECT line FROM readers.line", "SELECT id FROM readers.amphibus_dead"
        )
    await _do(database, f"DROP OWNED BY {user} CASCADE", f"DROP ROLE {user}")

    assert found == [[(1,)], []]
