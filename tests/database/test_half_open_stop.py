"""A process whose database does not answer any more is stopped in time all the same."""

import time
from pathlib import Path

import pytest

from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office
from tests.services.postgres import PostgresCluster, database_in
from tests.services.proxy import proxy_before

pytestmark = pytest.mark.asyncio


@pytest.mark.full
async def test_a_stop_ends_in_time_though_the_database_is_half_open(
    cluster: PostgresCluster, tmp_path: Path
) -> None:
    with database_in(cluster) as url:
        async with proxy_before(url) as (proxy, through):
            office = Office("memory", tmp_path, db_url=through)
            async with office.open(settings={"drain_seconds": 0.5}) as shop:
                await shop.send(desk.Write(book="b", line=1))
                proxy.freeze()
                began = time.monotonic()
            assert time.monotonic() - began < 5.5
