"""The limit of all: a message that is made and an async function that is called with it."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from tests.benchmarks.child_process import Answering, Request
from tests.benchmarks.contracts.first import v1 as first


@asynccontextmanager
async def contestant(_setup: Mapping[str, Any]) -> AsyncIterator[Answering]:
    async def handle(message: first.Ping) -> int:
        return message.left

    async def answer(request: Request) -> float:
        """Microseconds a call."""
        began = time.perf_counter()
        for number in range(request["count"]):
            await handle(first.Ping(chain="chain", left=number))
        return (time.perf_counter() - began) / float(request["count"]) * 1e6

    yield Answering(answer)
