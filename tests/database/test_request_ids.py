"""All instances of a gateway give a repeated request's message the same id: they share a database, and its secret."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from amphibus.testing import Harness
from amphibus.testing.conformance.office import Office
from tests.services.postgres import PostgresCluster, database_in

pytestmark = pytest.mark.asyncio


async def test_instances_agree_and_outlive_each_other(
    cluster: PostgresCluster, tmp_path: Path
) -> None:
    with database_in(cluster) as url:
        one, two, later = (Office("memory", tmp_path / name, db_url=url) for name in "abc")
        async with AsyncExitStack() as stack:
            shops = [await stack.enter_async_context(each.open("gateway")) for each in (one, two)]
            found = {_id(each) for each in shops}
        async with later.open("gateway") as shop:
            found.add(_id(shop))
    with database_in(cluster) as url:
        async with Office("memory", tmp_path / "d", db_url=url).open("gateway") as shop:
            elsewhere = _id(shop)

    assert len(found) == 1
    assert elsewhere not in found


def _id(shop: Harness) -> str:
    return shop.host.accepted_store().request_id("user:ada", "POST /v1/orders", "k-1")
