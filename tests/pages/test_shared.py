"""A page is made once for all who see the same, and anew once something has changed."""

import asyncio
import gc
import weakref

import pytest
from starlette.responses import Response

from amphibus.console.shared import Shared

pytestmark = pytest.mark.asyncio


class Maker:
    """Makes pages that say which they are."""

    def __init__(self) -> None:
        self.count = 0
        self.goes = asyncio.Event()

    async def make(self) -> Response:
        self.count += 1
        number = self.count
        await self.goes.wait()
        return Response(f"{number}")


async def seen(shared: Shared, maker: Maker, state: str = "one", of: str = "/console") -> str:
    return bytes((await shared.page(state, of, maker.make)).body).decode()


async def test_those_who_look_at_once_see_one_page_and_others_their_own() -> None:
    shared, maker = Shared(), Maker()
    maker.goes.set()
    together = await asyncio.gather(*(seen(shared, maker) for _ in range(5)))
    assert set(together) == {"1"}
    assert await seen(shared, maker, of="/console/failed") == "2"
    assert await seen(shared, maker, state="two") == "3"


async def test_who_asks_for_ever_other_addresses_fills_no_memory() -> None:
    shared, maker = Shared(), Maker()
    maker.goes.set()
    kept = [weakref.ref(await shared.page("one", n, maker.make)) for n in range(1_000)]
    gc.collect()
    assert sum(each() is not None for each in kept) <= 100


async def test_a_page_that_was_begun_before_an_act_is_not_shown_after_it() -> None:
    shared, maker = Shared(), Maker()
    before = asyncio.create_task(seen(shared, maker))
    while not maker.count:
        await asyncio.sleep(0)
    shared.forget()
    after = asyncio.create_task(seen(shared, maker))
    maker.goes.set()
    assert [await before, await after] == ["1", "2"]
    assert await seen(shared, maker) == "2"
