"""The library and its gateway, a new one for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.gateway.reading_room import Room, reading_room


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    """The library is open."""
    async with reading_room(tmp_path) as open_room:
        yield open_room


@pytest_asyncio.fixture
async def lonely(tmp_path: Path) -> AsyncIterator[Room]:
    """The gateway alone; the library is away."""
    folder = tmp_path / "lonely"
    async with reading_room(folder, owner_is_there=False, accept_within_seconds=0.01) as closed:
        yield closed
