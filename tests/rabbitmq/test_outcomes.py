"""The word of a commit comes over the broker to the process that waits for it."""

from pathlib import Path

import pytest

from amphibus.gateway.outcomes import follower
from amphibus.routing.project import Project
from amphibus.testing import Harness
from tests.modules.shop import ROOT, Shop
from tests.modules.test_outcomes import told_by_the_commit
from tests.modules.till import FOREVER, till
from tests.services.rabbitmq import forget

pytestmark = pytest.mark.asyncio


async def test_who_waits_is_told_over_the_broker(
    broker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "AGAIN_SECONDS", FOREVER)
    async with Harness.of(
        ROOT,
        modules=("inventory", "orders", "payments"),
        transport="rabbitmq",
        amqp_url=broker,
        data_dir=tmp_path,
        settings={"bus.partitions": 2},
    ) as harness:
        shop = Shop(harness, tmp_path)
        await shop.receive(LANTERN=10)
        async with till(shop) as opened:
            await told_by_the_commit(opened)
    await forget(broker, tmp_path, Project.find(ROOT).topology())
