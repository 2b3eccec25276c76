"""A module of which this instance has no partition handles nothing, and says so."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from amphibus.testing import Harness
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import PARTITIONS, Office, until
from tests.services.postgres import PostgresCluster, database_in

pytestmark = pytest.mark.asyncio


async def test_an_instance_for_which_no_partition_is_left_is_not_ready_until_it_has_one(
    cluster: PostgresCluster, tmp_path: Path
) -> None:
    with database_in(cluster) as url:
        offices = [Office("memory", tmp_path / str(n), db_url=url) for n in range(PARTITIONS + 1)]
        async with AsyncExitStack() as stack:
            first = await stack.enter_async_context(offices[0].open("desk"))
            async with AsyncExitStack() as others:
                more = [await others.enter_async_context(each.open("desk")) for each in offices[1:]]
                shops = [first, *more]
                await until(lambda: any(map(_lacks, shops)))
                (without,) = filter(_lacks, shops)  # whichever it is
                assert "no partition" in without.host.health.reasons()["partitions:desk"]
                assert "partitions:gateway" not in without.host.health.reasons()
                await without.send(desk.Write(book="b", line=1))
            await until(lambda: len(first.host.modules["desk"].assignment.owned) == PARTITIONS)
            await until(lambda: offices[0].numbers("desk", "b") == [1])
            await until(lambda: not _lacks(first))


def _lacks(shop: Harness) -> bool:
    return "partitions:desk" in shop.host.health.reasons()
