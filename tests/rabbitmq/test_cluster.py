"""Three nodes, each of which dies in turn: work moves again within seconds, whatever lived on it."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from amphibus.errors import AmphibusError
from amphibus.testing import Harness
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until
from tests.services.rabbit_cluster import RabbitCluster
from tests.services.rabbitmq import scripts

pytestmark = [pytest.mark.asyncio, pytest.mark.full]
SOON = 10.0
BOOKS = 5
BOOT = 120.0


@pytest.fixture
def cluster() -> Iterator[RabbitCluster]:
    cluster = RabbitCluster(scripts())
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.destroy()


async def answered(shop: Harness) -> None:
    """Returns once the desk answers."""
    while True:
        try:
            await shop.ask(desk.Count(book="b0"), timeout=1)
        except AmphibusError:
            await asyncio.sleep(0.05)
        else:
            return


def heard(office: Office, count: int) -> bool:
    return len(office.lines("readers")) == count


async def test_each_node_may_die(cluster: RabbitCluster, tmp_path: Path) -> None:
    office = Office("rabbitmq", tmp_path, amqp_url=cluster.url)
    line = 0
    async with office.open() as shop:
        await shop.send(*[desk.Write(book=f"b{n}", line=line) for n in range(BOOKS)])
        await shop.settle()
        await answered(shop)
        for node in cluster.nodes:
            await node.do("kill")
            began = time.monotonic()
            line += 1
            await shop.send(*[desk.Write(book=f"b{n}", line=line) for n in range(BOOKS)])
            await until(partial(heard, office, BOOKS * (line + 1)), BOOT)
            moved = time.monotonic() - began
            async with asyncio.timeout(BOOT):
                await answered(shop)
            asked = time.monotonic() - began
            await node.do("start")
            assert moved < SOON
            assert asked < SOON
        await shop.settle()

    for n in range(BOOKS):
        for module, what in (("desk", None), ("readers", None), ("archive", "filed")):
            assert office.numbers(module, f"b{n}", what) == list(range(line + 1))


async def test_leaders_live_on_all_nodes(cluster: RabbitCluster, tmp_path: Path) -> None:
    office = Office("rabbitmq", tmp_path, amqp_url=cluster.url)
    async with office.open() as shop:
        await shop.settle()
        leaders = cluster.nodes[0].ctl("list_queues", "--silent", "leader", "type")
    found = Counter(each.split()[0] for each in leaders.splitlines() if "quorum" in each)

    assert set(found) == {node.name for node in cluster.nodes}
    assert max(found.values()) <= 2 * min(found.values())
