"""The hop with FastStream as its documentation shows it: a typed subscriber that publishes."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from faststream.rabbit import Channel, QueueType, RabbitBroker, RabbitQueue

from tests.benchmarks.business import orders
from tests.benchmarks.child_process import Answering, Request
from tests.benchmarks.peers.plain import Work, done
from tests.benchmarks.peers.queues import fill

_PREFETCH = 200


@asynccontextmanager
async def contestant(setup: Mapping[str, Any]) -> AsyncIterator[Answering]:
    another, url, name = orders(), setup["amqp_url"], setup["env"]

    async def answer(request: Request) -> float:
        bodies = [another().model_dump_json().encode() for _ in range(request["count"])]
        await fill(url, f"{name}.in", bodies)
        return await _consume(url, name, len(bodies))

    yield Answering(answer)


async def _consume(url: str, name: str, left: int) -> float:
    count, began, finished = left, 0.0, asyncio.Event()
    broker = RabbitBroker(url, logger=None)
    out = RabbitQueue(f"{name}.out", queue_type=QueueType.QUORUM, durable=True)

    @broker.subscriber(
        RabbitQueue(f"{name}.in", queue_type=QueueType.QUORUM, durable=True),
        channel=Channel(prefetch_count=_PREFETCH),
        no_reply=True,
    )
    async def take(message: Work) -> None:
        nonlocal began, left
        began = began or time.perf_counter()
        await broker.publish(done(message), out, persist=True)
        left -= 1
        if not left:
            finished.set()

    await broker.connect()
    await broker.declare_queue(out)
    await broker.start()
    try:
        await finished.wait()
        return count / (time.perf_counter() - began)
    finally:
        await broker.stop()
