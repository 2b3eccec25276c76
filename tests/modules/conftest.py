"""The shop at work in memory, with real databases and a clock moved by hand."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.modules.shop import Shop

TRANSPORTS = ("memory", "memory+wire")


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    """What carries the messages; no test knows which."""
    return str(request.param)


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a shop that has ten lanterns and a hundred bulbs, and is closed."""
    folder = tmp_path_factory.mktemp("stocked")

    async def stock() -> None:
        async with Shop.opened(folder) as shop:
            await shop.receive(LANTERN=10, BULB=100)

    asyncio.run(stock())
    return folder


@pytest_asyncio.fixture
async def shop(transport: str, stocked: Path, tmp_path: Path) -> AsyncIterator[Shop]:
    """All modules, with ten lanterns and a hundred bulbs on the shelf."""
    folder = tmp_path / "var"
    shutil.copytree(stocked, folder)
    async with Shop.opened(folder, transport=transport) as shop:
        yield shop
