"""Calls that hang for good in their threads leave the others theirs."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from amphibus.context import Outside
from amphibus.inbox.outside_threads import OutsideThreads
from amphibus.messages.json_text import LARGE_BYTES
from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until

pytestmark = pytest.mark.asyncio
MANY = 6


@pytest.mark.parametrize("plain", [True, False])
async def test_calls_that_hang_after_their_time_leave_the_others_their_threads(
    tmp_path: Path, *, plain: bool
) -> None:
    """As naive HTTP calls do, one after the other; large bodies of everybody are read in threads too."""
    gate = threading.Event()

    def block(_message: desk.Call, _outside: Outside[Any]) -> None:
        gate.wait(100)

    async def block_in_thread(message: desk.Call, outside: Outside[Any]) -> None:
        await asyncio.to_thread(block, message, outside)

    office = Office("memory", tmp_path)
    business = project(step=block if plain else block_in_thread, outside_timeout=0.2)
    async with office.open("desk", business=business, outside_concurrency=1) as shop:
        threads = OutsideThreads(1, shop.host.settings.bus, shop.host.journal)
        try:
            await shop.send(*(desk.Call(book=f"h{line}", line=line) for line in range(MANY)))
            await shop.send(desk.Write(book="b", line=7, mood=LARGE_BYTES * " "))
            await until(lambda: office.numbers("desk", "b") == [7])
            await until(lambda: len(shop.delayed("desk")) == MANY - 1)

            assert {each["attempts"] for each in shop.delayed("desk")} == {0}
            assert "to the outside hang" in shop.delayed("desk")[0]["error"]
        finally:
            gate.set()
        # A slow machine may need more than the time of one call for one that does not hang.
        async with asyncio.timeout(60):
            while office.count("desk", "line") < MANY + 1:
                await shop.advance(minutes=6)
        threads.end()
        # The loop is that of all tests in this process, and none of its threads would run any more.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
