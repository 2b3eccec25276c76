"""An instance that leaves gives its partitions back only once the broker has taken back what it had given it."""

from pathlib import Path

import asyncpg
import pytest

from amphibus.testing.conformance.office import Office
from tests.services.postgres import PostgresCluster, database_in
from tests.services.proxy import proxy_before
from tests.services.rabbitmq import RabbitNode

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize(("freezes", "left"), [(False, 0), (True, 1)])
async def test_others_wait_for_the_leases_of_one_whose_connection_does_not_end(
    tmp_path: Path, node: RabbitNode, cluster: PostgresCluster, freezes: bool, left: int
) -> None:
    """A later message would come to them before those that the broker still counts as its."""
    with database_in(cluster) as url:
        async with proxy_before(node.url) as (proxy, through):
            office = Office("rabbitmq", tmp_path, amqp_url=through, db_url=url)
            async with office.open("desk", settings={"drain_seconds": 0.2}):
                if freezes:
                    proxy.freeze()
        assert await _held(url) == left


async def _held(url: str) -> int:
    """The number of instances of the desk that have partitions."""
    connection = await asyncpg.connect(url, timeout=60)
    try:
        statement = "SELECT count(DISTINCT owner) FROM desk.amphibus_lease"
        return int(await connection.fetchval(statement))
    finally:
        await connection.close()
