"""A machine that gives no more threads, as one with a limit of processes does."""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from amphibus.messages.json_text import LARGE_BYTES
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until

pytestmark = pytest.mark.asyncio


class Exhausted(ThreadPoolExecutor):
    """Has no thread for anybody."""

    refused = 0

    def submit(self, *_: Any, **__: Any) -> Future[Any]:
        """Refuses, in the words of the interpreter."""
        type(self).refused += 1
        raise RuntimeError("can't start new thread")


async def test_a_large_body_is_read_where_no_thread_is_to_be_had(tmp_path: Path) -> None:
    """Its attempt ends, and so does what waits for it."""
    office = Office("memory", tmp_path)
    async with office.open("desk") as shop:
        asyncio.get_running_loop().set_default_executor(Exhausted())
        try:
            await shop.send(desk.Write(book="b", line=7, mood=LARGE_BYTES * " "))
            await shop.send(desk.Write(book="b", line=8))
            await until(lambda: office.numbers("desk", "b") == [7, 8])
        finally:
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())

    assert Exhausted.refused
