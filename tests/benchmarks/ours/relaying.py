"""A relay that drains an outbox into the broker: the module is opened on what waits, and timed until nothing does."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from amphibus.database.envelope_rows import columns_of
from amphibus.database.migrations import upgrade
from amphibus.database.store import Store
from amphibus.database.write_set import OutboxEntry, Row, WriteSet
from amphibus.host.stores import open_store
from tests.benchmarks.business import done, orders, project
from tests.benchmarks.child_process import Answering, Request
from tests.benchmarks.ours.carrier import PARTITIONS, envelope, hosted, settings_for

_ANY = "SELECT 1 FROM amphibus_delivery LIMIT 1"
_LEFT = "SELECT count(*) FROM amphibus_delivery"
_TO = "second"
_AT_ONCE = 1_000
_LOOK_SECONDS = 0.005
_SELDOM_SECONDS = 0.03
"""Looking takes time from what is looked at, the more so the more rows were deleted."""


@asynccontextmanager
async def contestant(setup: Mapping[str, Any]) -> AsyncIterator[Answering]:
    another = orders()

    async def answer(request: Request) -> float:
        business = project()
        store = open_store("first", settings_for(business, setup))
        await store.open(lambda opened: upgrade(opened, business.root / "modules/first/migrations"))
        for _ in range(0, request["count"], _AT_ONCE):
            made = [envelope(done(another()), "first") for _ in range(_AT_ONCE)]
            await _wait_in(store, [columns_of(each) for each in made])
        await store.close()
        async with hosted(setup, "first") as host:
            return await _drained(host.modules["first"].store, request["count"])

    yield Answering(answer)


async def _wait_in(store: Store, rows: list[Row]) -> None:
    await store.writer.begin()
    leaving: list[OutboxEntry] = [(row, (_TO,), n % PARTITIONS) for n, row in enumerate(rows)]
    await store.writer.sql.flush(WriteSet(outbox=leaving))
    await store.writer.commit()


async def _drained(store: Store, count: int) -> float:
    """From the first that is safe, so that connecting does not count."""
    left = count
    while left == count:
        await asyncio.sleep(_LOOK_SECONDS)
        left = (await store.reader.rows(_LEFT))[0][0]
    began = time.perf_counter()
    while await store.reader.rows(_ANY):
        await asyncio.sleep(_SELDOM_SECONDS)
    return left / (time.perf_counter() - began)
