"""A process whose broker is frozen is stopped in time all the same, and loses nothing by it."""

import asyncio
import time
from pathlib import Path

import pytest

from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office
from tests.services.proxy import proxy_before
from tests.services.rabbitmq import RabbitNode

pytestmark = [pytest.mark.asyncio, pytest.mark.full]


OF_A_MODULE = ("scheduler", "relay", "retention", "readiness", "writer", "leases")


def _running() -> list[str]:
    return sorted(task.get_name() for task in asyncio.all_tasks())


async def test_a_stop_ends_in_time_though_the_broker_is_frozen(
    office: Office, node: RabbitNode, tmp_path: Path
) -> None:
    async with proxy_before(node.url) as (proxy, through):
        frozen = Office("rabbitmq", tmp_path, script=office.script, amqp_url=through)
        async with frozen.open(settings={"drain_seconds": 0.5}) as shop:
            await shop.send(desk.Write(book="b", line=1))
            await shop.settle()
            proxy.freeze()
            await shop.send(desk.Write(book="b", line=2))
            began = time.monotonic()
        assert time.monotonic() - began < 5.5
        assert [name for name in _running() if name.partition(":")[0] in OF_A_MODULE] == []
    async with office.open() as shop:
        await shop.settle()

    assert office.numbers("desk", "b") == [1, 2]
    assert office.numbers("readers", "b") == [1, 2]
