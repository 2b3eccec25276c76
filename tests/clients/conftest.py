"""The shop behind a real server, and its generated clients."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest_asyncio

from amphibus.gateway.app import build_app
from amphibus.gateway.door import Door
from amphibus.testing import Harness
from contracts.inventory import v1 as inventory
from tests.architecture.tree import ROOT
from tests.gateway.reading_room import Limits
from tests.services.http_server import listening


@pytest_asyncio.fixture
async def shop_url(tmp_path: Path) -> AsyncIterator[str]:
    """The address of a shop that has a hundred lanterns."""
    async with Harness.of(ROOT, data_dir=tmp_path / "data") as shop:
        lines = [{"sku": "LANTERN", "quantity": 100}]
        receipt = {"receipt_id": str(uuid4()), "lines": lines}
        await shop.send(inventory.ReceiveStock.model_validate(receipt))
        await shop.settle()
        host = shop.host
        app = build_app(
            host.accepted_store(), Limits(), host.health, host.meters, Door(unnamed="developer")
        )
        async with listening(app) as port:
            yield f"http://127.0.0.1:{port}"
