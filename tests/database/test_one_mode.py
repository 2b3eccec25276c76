"""Two modes never share the database of a module on a server, however close together they start."""

import asyncio

import pytest

from amphibus.clock import DatabaseClock
from amphibus.database.postgres.store import PostgresStore
from amphibus.errors import StoreError
from amphibus.partitions.leases import Leases
from amphibus.supervision import Supervisor
from amphibus.telemetry.health import Health
from tests.database.conftest import opened

pytestmark = pytest.mark.asyncio
_TIMES = 10
_PATIENCE_SECONDS = 60.0


def _leases(store: PostgresStore, transport: str, patience: float = 0.0) -> Leases:
    return Leases(
        store,
        count=2,
        transport=transport,
        supervisor=Supervisor(Health()),
        clock=DatabaseClock(),
        beat_seconds=0.1,
        lease_seconds=30.0,
        patience_seconds=patience,
    )


async def test_of_two_modes_that_start_at_once_one_begins(url: str) -> None:
    async with opened(url) as store:
        for _ in range(_TIMES):
            both = [_leases(store, "rabbitmq"), _leases(store, "memory")]
            ended = await asyncio.gather(*(each.start() for each in both), return_exceptions=True)
            for each in both:
                await each.stop()

            assert [type(each) for each in ended if each is not None] == [StoreError]


async def test_a_mode_waits_for_the_instances_of_another_one_that_are_ending(url: str) -> None:
    """They renew their leases as long as they drain."""
    async with opened(url) as store:
        ending, next_one = _leases(store, "memory"), _leases(store, "rabbitmq", _PATIENCE_SECONDS)
        await ending.start()
        starting = asyncio.create_task(next_one.start())
        beats, look = 0, "SELECT until FROM amphibus_instance"
        seen = await store.reader.row(look)
        while beats < 5:
            found = await store.reader.row(look)
            beats, seen = beats + (found != seen), found
            await asyncio.sleep(0.01)
        assert not starting.done()
        await ending.stop()
        async with asyncio.timeout(30):
            await starting

        assert next_one.owned == {0, 1}
        await next_one.stop()
