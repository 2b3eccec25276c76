"""Messages that go to and fro between two modules in one process. Setup: `data`, or `db_url` too."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from amphibus.messages.envelope import Envelope
from amphibus.unit_of_work.transaction import Transaction
from tests.benchmarks.child_process import Answering, Request
from tests.benchmarks.contracts.first import v1 as first
from tests.benchmarks.ours.carrier import envelope, hosted

_HANDLED = "SELECT count(*) FROM amphibus_inbox"
_LOOK_SECONDS = 0.005


@asynccontextmanager
async def contestant(setup: Mapping[str, Any]) -> AsyncIterator[Answering]:
    async with hosted(setup, "first", "second") as host:
        handled = 0

        async def answer(request: Request) -> float:
            """Microseconds a hop."""
            nonlocal handled
            hops, chains = request["count"], request["at_once"]
            starts = [
                envelope(first.Ping(chain=f"chain-{number}", left=hops // chains - 1), "second")
                for number in range(chains)
            ]
            handled += hops // chains * chains
            began = time.perf_counter()
            await host.modules["second"].writer.submit(partial(_send, starts))
            while await _count(host) < handled:
                await asyncio.sleep(_LOOK_SECONDS)
            return (time.perf_counter() - began) / float(hops // chains * chains) * 1e6

        yield Answering(answer)


async def _send(starts: list[Envelope], transaction: Transaction) -> None:
    transaction.send([(start, ("first",)) for start in starts])


async def _count(host: Any) -> int:
    found = 0
    for hosted_module in host.modules.values():
        found += (await hosted_module.store.reader.rows(_HANDLED))[0][0]
    return found
