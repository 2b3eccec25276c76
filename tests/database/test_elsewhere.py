"""A supervisor whose broker is away leaves its services where nobody else goes on over it, and stays where one does."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from amphibus.cli.run.broker_watch import BrokerWatch
from amphibus.cli.run.changing import ShapeChange
from amphibus.clock import DatabaseClock
from amphibus.database.postgres.elsewhere import Elsewhere
from amphibus.database.postgres.store import PostgresStore
from amphibus.partitions.leases import Leases
from amphibus.supervision import Supervisor
from amphibus.telemetry.health import Health
from amphibus.testing.conformance.office import until

pytestmark = pytest.mark.asyncio
_NOBODY = "amqp://127.0.0.1:1/"


@asynccontextmanager
async def _instance(url: str, transport: str = "rabbitmq") -> AsyncIterator[Leases]:
    """A process of the desk, on whichever machine."""
    store = PostgresStore("desk", url)
    await store.open()
    leases = Leases(
        store,
        count=2,
        transport=transport,
        supervisor=Supervisor(Health()),
        clock=DatabaseClock(),
    )
    await leases.start()
    try:
        yield leases
    finally:
        await leases.stop()
        await store.close()


class _Supervisor:
    """One that has an instance of each module, and whose broker is away."""

    def __init__(self, url: str, instances: int = 1) -> None:
        self.elsewhere = Elsewhere(url, ["desk", "never_begun"], instances)
        self.stays: list[Sequence[str]] = []
        self.watch = BrokerWatch([_NOBODY], fallback_after=0.0, return_after=3600.0)
        change = ShapeChange(self.watch, self.elsewhere, self.stays.append)
        self.leaving = asyncio.create_task(change.until(apart=True))

    async def left(self) -> None:
        async with asyncio.timeout(60):
            await self.leaving


async def test_who_is_alone_leaves(url: str) -> None:
    async with _instance(url):
        alone = _Supervisor(url)
        await alone.left()

    assert alone.stays == []


async def test_who_sees_others_over_the_broker_stays_until_they_end(url: str) -> None:
    """It says so once, however often it looks."""
    async with _instance(url):
        async with _instance(url):
            ours = _Supervisor(url)
            await until(lambda: ours.stays)
            for _ in range(2):
                await ours.watch.look()
            assert not ours.leaving.done()
        await ours.left()

    assert ours.stays == [["desk"]]


async def test_who_lost_the_same_broker_as_another_leaves_with_it(url: str) -> None:
    """It ends its services then, which sets the other one free."""
    async with _instance(url):
        async with _instance(url):
            first = _Supervisor(url)
            await until(lambda: first.stays)
            second = _Supervisor(url)
            await second.left()
        await first.left()

    assert second.stays == []


async def test_one_process_of_another_machine_keeps_nobody(url: str) -> None:
    async with _instance(url, "memory"):
        ours = _Supervisor(url, 0)
        await ours.left()

    assert ours.stays == []


async def test_a_server_that_cannot_be_asked_keeps_nobody() -> None:
    ours = _Supervisor("postgresql://127.0.0.1:1/nobody")
    await ours.left()

    assert ours.stays == []
