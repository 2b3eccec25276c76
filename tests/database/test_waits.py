"""No wait on a server is without an end: not for an answer, a lock, a peer, or a connection's closing."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from amphibus.admin.inspection import on_server
from amphibus.admin.stores import SchemaStore
from amphibus.clock import DatabaseClock
from amphibus.database.faults import is_store_failure
from amphibus.database.postgres import session_settings
from amphibus.database.postgres import store as postgres_store
from amphibus.database.postgres.bounded import BoundedConnection
from amphibus.database.postgres.readers import Readers
from amphibus.database.postgres.store import PostgresStore
from amphibus.errors import StoreAway, StoreInUse, StoreUnwritable
from amphibus.partitions.leases import Leases
from amphibus.supervision import Supervisor
from amphibus.telemetry.health import Health
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until
from tests.database.conftest import opened
from tests.services.proxy import proxy_before

pytestmark = pytest.mark.asyncio
_COUNT = 4


@asynccontextmanager
async def _instance(url: str) -> AsyncIterator[tuple[PostgresStore, Leases]]:
    async with opened(url) as store:
        leases = Leases(
            store,
            count=_COUNT,
            transport="memory",
            beat_seconds=0.05,
            lease_seconds=1.0,
            clock=DatabaseClock(),
            supervisor=Supervisor(Health()),
        )
        await leases.start()
        try:
            yield store, leases
        finally:
            await leases.stop()


async def test_a_statement_without_an_answer_ends_with_its_connection(url: str) -> None:
    """What is cancelled would be waited for: its connection is of no use any more."""
    raw = await asyncpg.connect(url)
    asked = BoundedConnection(raw, seconds=0.1)

    with pytest.raises(StoreAway, match="does not answer"):
        async with asyncio.timeout(100):
            await asked.execute("SELECT pg_sleep(1000)")
    assert raw.is_closed()


async def test_a_writer_whose_connection_was_given_up_begins_on_another(url: str) -> None:
    async with opened(url) as store:
        writer = store.writer
        with pytest.raises(StoreAway):
            await writer.asked.answered(writer.raw.execute("SELECT pg_sleep(100)"), within=0.1)
        await writer.begin()
        assert await writer.sql.row("SELECT 1") is not None
        await writer.commit()


async def test_what_is_half_open_is_closed_in_time(url: str) -> None:
    async with proxy_before(url) as (proxy, through):
        store = PostgresStore("desk", through)
        await store.open()
        await store.give_back_reader(await store.take_reader())
        await store.writer.begin()
        proxy.freeze()
        async with asyncio.timeout(100):
            await store.writer.roll_back()
            await store.close()

    assert store.writer.raw.is_closed()


async def test_an_instance_that_is_half_open_stops_in_time(url: str) -> None:
    async with proxy_before(url) as (proxy, through), asyncio.timeout(30), _instance(through):
        proxy.freeze()


async def test_who_waits_for_a_reader_hears_that_none_comes_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("amphibus.database.postgres.readers.ANSWER_SECONDS", 0.01)

    async def connect() -> Any:
        raise StoreAway("the server does not answer", "")

    readers = Readers(connect)
    for _ in range(8):
        await readers._free.acquire()
    with pytest.raises(StoreAway, match="all in use"):
        async with asyncio.timeout(100):
            await readers.take(snapshot=True)


async def test_sessions_bound_their_waits_and_make_commits_durable(url: str) -> None:
    """Whatever the database's defaults are."""
    name = url.rpartition("/")[2]
    on_server(url, "public", f"ALTER DATABASE {name} SET synchronous_commit = off")
    async with opened(url) as store:
        reader = await store.take_reader()
        for sql in (store.writer.sql, store.reader, reader.sql):
            assert await sql.row("SHOW synchronous_commit") == ("on",)
            for setting in (
                "lock_timeout",
                "statement_timeout",
                "idle_in_transaction_session_timeout",
                "tcp_keepalives_idle",
                "tcp_user_timeout",
            ):
                assert await sql.row(f"SHOW {setting}") != ("0",), setting
        await store.give_back_reader(reader)


async def test_a_stricter_durability_than_ours_is_left_as_it_is(url: str) -> None:
    name = url.rpartition("/")[2]
    on_server(url, "public", f"ALTER DATABASE {name} SET synchronous_commit = remote_apply")
    async with opened(url) as store:
        assert await store.writer.sql.row("SHOW synchronous_commit") == ("remote_apply",)


async def test_a_peer_that_is_frozen_inside_a_transaction_loses_its_partitions(url: str) -> None:
    """It holds a lock on its own row, for which nobody waits for ever; what it wakes up with fails."""
    async with _instance(url) as (frozen, first), _instance(url) as (_, second):
        await until(lambda: len(second.owned) == len(first.owned) == _COUNT // 2)
        await first._task.stop()
        await frozen.writer.begin()
        await first.check(frozen.writer.sql)

        await until(lambda: len(second.owned) == _COUNT)
        failures = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
        with pytest.raises(failures) as lost:
            await frozen.writer.commit()
        assert is_store_failure(lost.value)
        async with _instance(url) as (_, third):
            await until(lambda: third.owned)


@pytest.mark.full
async def test_work_goes_on_when_connections_are_half_open_and_a_stop_ends(
    url: str, tmp_path: Path
) -> None:
    """A host that is lost, or a firewall that forgot: nobody says so, and new connections work."""
    async with proxy_before(url) as (proxy, through):
        office = Office("memory", tmp_path, db_url=through)
        async with office.open(settings={"drain_seconds": 2.0}) as shop:
            await shop.send(desk.Write(book="b", line=1))
            await shop.settle()
            proxy.freeze()
            sent = asyncio.ensure_future(shop.send(desk.Write(book="b", line=2)))
            await until(lambda: "does not answer" in str(shop.host.health.reasons()), patience=30)
            await until(lambda: "desk" not in shop.host.health.reasons(), patience=30)
            with pytest.raises(StoreAway):  # who sends is told, and may try again
                await sent
            await shop.send(desk.Write(book="b", line=3))
            await shop.settle()
            proxy.freeze()
            began = time.monotonic()
        assert time.monotonic() - began < 7

    assert Office("memory", tmp_path, db_url=url).numbers("desk", "b")[-1] == 3


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has an operator wait, and be waited for, for a moment alone."""
    found = session_settings.BESIDE_OTHERS
    monkeypatch.setattr(session_settings, "BESIDE_OTHERS", found.replace("'10s'", "'100ms'"))


@pytest.mark.usefixtures("_soon")
async def test_an_operator_who_is_frozen_holds_up_no_instance(url: str) -> None:
    """A command that is stopped, or whose machine is lost, while nobody may commit beside it."""
    async with _instance(url) as (store, leases):
        await until(lambda: leases.owned)
        done: list[str] = []
        with suppress(StoreUnwritable):
            async with SchemaStore("desk", url, _COUNT).writing() as sql:
                async with asyncio.timeout(60):
                    await store.writer.begin()
                    await leases.check(store.writer.sql)
                    await store.writer.commit()
                done.append("the instance")
                await sql.row("SELECT 1")
                done.append("the operator")

    assert done == ["the instance"]


@pytest.mark.usefixtures("_soon")
async def test_an_operator_waits_for_no_handler_without_an_end(url: str) -> None:
    async with _instance(url) as (store, leases):
        await until(lambda: leases.owned)
        await store.writer.begin()
        await leases.check(store.writer.sql)
        with pytest.raises(StoreInUse, match="cannot be written now"):
            async with SchemaStore("desk", url, _COUNT).writing():
                pass
        await store.writer.roll_back()


async def test_who_is_frozen_while_all_others_wait_is_ended(url: str) -> None:
    """At its start, say, as it brings its tables up to date."""
    async with opened(url) as store:
        await store.begin_alone()
        assert await store.writer.sql.row("SHOW idle_in_transaction_session_timeout") == ("30s",)
        assert await store.writer.sql.row("SHOW statement_timeout") == ("0",)
        await store.writer.roll_back()


async def test_a_start_ends_though_its_server_is_half_open(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for another instance to make the tables when the network goes."""
    monkeypatch.setattr(postgres_store, "_OPEN_SECONDS", 1.0)
    async with opened(url) as another, proxy_before(url) as (proxy, through):
        await another.begin_alone()
        starting = asyncio.create_task(PostgresStore("desk", through).open())
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while not starting.done() and await another.reader.row(waiting) == (0,):
            await asyncio.sleep(0.005)
        proxy.freeze()
        done, _ = await asyncio.wait((starting,), timeout=60.0)
        proxy.thaw()
        assert done
        with pytest.raises(StoreAway):
            await starting
        await another.writer.roll_back()
