"""Whoever goes through a long history in pages lets others run between them, though reads of a file never suspend."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from amphibus.admin import under_way
from amphibus.database.outbox import HandedOver
from amphibus.host.sending import lost_messages

pytestmark = pytest.mark.asyncio
PAGES = 5


def page(beyond: int, most: int) -> list[HandedOver]:
    """Rows that are there at once."""
    last = min(beyond + most, PAGES * most - 1)
    return [HandedOver(seq, f"m{seq}", "t", None, 0) for seq in range(beyond + 1, last + 1)]


async def of_takeovers() -> AsyncIterator[Any]:
    async def left(_types: Sequence[str], beyond: int) -> list[HandedOver]:
        return page(beyond, under_way._PAGE)

    async def missing(ids: Sequence[str]) -> set[str]:
        return set(ids)

    async for each in under_way._not_arrived(left, missing, {"t": 0}):
        yield each


async def of_senders() -> AsyncIterator[Any]:
    async def read(*, beyond: int, limit: int) -> list[HandedOver]:
        return page(beyond, limit)

    async for some in lost_messages._pages(read, 0):
        for each in some:
            yield each


@pytest.mark.parametrize("pages", [of_takeovers, of_senders])
async def test_others_run_between_two_pages(pages: Any) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    running = asyncio.create_task(others())
    found = [each.seq async for each in pages()]
    running.cancel()

    assert found == list(range(1, len(found) + 1))
    assert turns >= PAGES - 1
