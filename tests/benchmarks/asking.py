"""A loop of requests, so many at once."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from tests.benchmarks.child_process import Request
from tests.benchmarks.spread import percentile

TEXT = "What is asked and answered has the size of a small order. " * 4


async def loop(ask: Callable[[int], Awaitable[None]], request: Request) -> dict[str, float]:
    """Asks `count` times, `at_once` at a time: the rate, and the median of the latency in ms."""
    numbers, latencies = iter(range(request["count"])), list[float]()

    async def one_after_another() -> None:
        for number in numbers:
            sent = time.perf_counter()
            await ask(number)
            latencies.append(time.perf_counter() - sent)

    began = time.perf_counter()
    await asyncio.gather(*(one_after_another() for _ in range(request["at_once"])))
    rate = len(latencies) / (time.perf_counter() - began)
    return {"rate": rate, "median": percentile(latencies, 0.5) * 1000}
