"""Consume, handle, commit, publish, acknowledge: a module as it is hosted, on its database."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from amphibus.contract import Message
from tests.benchmarks.business import orders
from tests.benchmarks.child_process import Answering, Request
from tests.benchmarks.ours.carrier import fill, hosted

_HANDLED = "SELECT count(*) FROM amphibus_inbox"
_WAITING = "SELECT count(*) FROM amphibus_delivery"
_LOOK_SECONDS = 0.002
_SELDOM_SECONDS = 0.02
"""Counting takes time from what is counted."""


@asynccontextmanager
async def contestant(setup: Mapping[str, Any]) -> AsyncIterator[Answering]:
    another = orders()
    handled = 0

    async def answer(request: Request) -> float:
        nonlocal handled
        messages: list[Message] = [another() for _ in range(request["count"])]
        await fill(setup, messages)
        before, handled = handled, handled + len(messages)
        async with hosted(setup, "first") as host:
            look = host.modules["first"].store.reader
            # From the first that is handled, so that connecting does not count.
            while (await look.rows(_HANDLED))[0][0] == before:
                await asyncio.sleep(_LOOK_SECONDS)
            had, began = (await look.rows(_HANDLED))[0][0], time.perf_counter()
            while (await look.rows(_HANDLED))[0][0] < handled:
                await asyncio.sleep(_SELDOM_SECONDS)
            while (await look.rows(_WAITING))[0][0]:
                await asyncio.sleep(_LOOK_SECONDS)
            return float(handled - had) / (time.perf_counter() - began)

    yield Answering(answer)
