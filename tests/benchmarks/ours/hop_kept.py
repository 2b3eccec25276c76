"""Consume, handle, commit, publish, acknowledge: a module as it is hosted, on its database."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from amphibus.clock import SECOND
from amphibus.contract import Message
from tests.benchmarks.business import orders
from tests.benchmarks.child_process import Answering, Request
from tests.benchmarks.ours.carrier import fill, hosted

_HANDLED = "SELECT count(*) FROM amphibus_inbox"
_BEGAN = "SELECT min(handled) FROM amphibus_inbox WHERE handled > ?"
_LAST = "SELECT max(handled) FROM amphibus_inbox"
_WAITING = "SELECT count(*) FROM amphibus_delivery"
_LOOK_SECONDS = 0.002
_SELDOM_SECONDS = 0.02
"""Counting takes time from what is counted."""


@asynccontextmanager
async def contestant(setup: Mapping[str, Any]) -> AsyncIterator[Answering]:
    another = orders()
    handled, last = 0, 0

    async def answer(request: Request) -> float:
        nonlocal handled, last
        messages: list[Message] = [another() for _ in range(request["count"])]
        await fill(setup, messages)
        handled += len(messages)
        async with hosted(setup, "first") as host:
            look = host.modules["first"].store.reader
            while (await look.rows(_HANDLED))[0][0] < handled:
                await asyncio.sleep(_SELDOM_SECONDS)
            while (await look.rows(_WAITING))[0][0]:
                await asyncio.sleep(_LOOK_SECONDS)
            ended = time.time()
            # From the first that is handled, so that connecting does not count; a start may last until all are.
            began = float((await look.rows(_BEGAN, last))[0][0]) / SECOND
            last = (await look.rows(_LAST))[0][0]
            return len(messages) / (ended - began)

    yield Answering(answer)
