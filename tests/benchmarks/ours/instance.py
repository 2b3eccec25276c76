"""One of several instances of a module over the broker, on one server; it can put messages there, too."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from tests.benchmarks.business import orders
from tests.benchmarks.child_process import Answering, Request
from tests.benchmarks.ours.carrier import fill, hosted

_HANDLED = "SELECT count(*) FROM amphibus_inbox"


@asynccontextmanager
async def contestant(setup: Mapping[str, Any]) -> AsyncIterator[Answering]:
    another = orders()
    async with hosted(setup, "first") as host:

        async def answer(request: Request) -> int | None:
            if request["do"] == "fill":
                await fill(setup, [another() for _ in range(request["count"])])
                return None
            return int((await host.modules["first"].store.reader.rows(_HANDLED))[0][0])

        yield Answering(answer)
