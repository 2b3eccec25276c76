"""A module of which this instance has no partition handles nothing, and says so."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import PARTITIONS, Office, until
from tests.services.postgres import PostgresCluster, database_in

pytestmark = pytest.mark.asyncio


async def test_an_instance_for_which_no_partition_is_left_is_not_ready_until_it_has_one(
    cluster: PostgresCluster, tmp_path: Path
) -> None:
    with database_in(cluster) as url:
        instances = [Office("memory", tmp_path / str(n), db_url=url) for n in range(PARTITIONS + 1)]
        async with AsyncExitStack() as stack:
            first = await stack.enter_async_context(instances[0].open("desk"))
            async with AsyncExitStack() as others:
                for office in instances[1:]:
                    last = await others.enter_async_context(office.open("desk"))
                await until(lambda: "partitions:desk" in last.host.health.reasons())
                assert "no partition" in last.host.health.reasons()["partitions:desk"]
                assert "partitions:gateway" not in last.host.health.reasons()
                await last.send(desk.Write(book="b", line=1))
            await until(lambda: len(first.host.modules["desk"].assignment.owned) == PARTITIONS)
            await until(lambda: instances[0].numbers("desk", "b") == [1])
            assert "partitions:desk" not in first.host.health.reasons()
