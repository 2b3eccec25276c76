"""The shop behind a real server, and its generated clients."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest_asyncio
import uvicorn

from amphibus.gateway.app import build_app
from amphibus.testing import Harness
from contracts.inventory import v1 as inventory
from tests.architecture.tree import ROOT
from tests.gateway.reading_room import Limits


class Server(uvicorn.Server):
    """Tells when it listens, and leaves the signals alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    async def startup(self, *arguments: object, **named: object) -> None:
        await super().startup(*arguments, **named)  # type: ignore[arg-type]
        self.listens.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@pytest_asyncio.fixture
async def shop_url(tmp_path: Path) -> AsyncIterator[str]:
    """The address of a shop that has a hundred lanterns."""
    async with Harness.of(ROOT, data_dir=tmp_path / "data") as shop:
        lines = [{"sku": "LANTERN", "quantity": 100}]
        receipt = {"receipt_id": str(uuid4()), "lines": lines}
        await shop.send(inventory.ReceiveStock.model_validate(receipt))
        await shop.settle()
        host = shop.host
        app = build_app(host.accepted_store(), Limits(), host.health, host.meters)
        server = Server(uvicorn.Config(app, port=0, log_config=None, access_log=False))
        task = asyncio.create_task(server.serve())
        await server.listens.wait()
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await task
