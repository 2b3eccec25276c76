"""The limit of a relay: aio-pika publishing persistent messages to eight quorum queues, 64 confirms in flight."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aio_pika

from tests.benchmarks.business import done, orders
from tests.benchmarks.child_process import Answering, Request
from tests.benchmarks.peers.queues import QUORUM, publish_all

_QUEUES = 8


@asynccontextmanager
async def contestant(setup: Mapping[str, Any]) -> AsyncIterator[Answering]:
    another = orders()
    queues = [f"{setup['env']}.{number}" for number in range(_QUEUES)]
    async with await aio_pika.connect(setup["amqp_url"]) as connection:
        channel = await connection.channel()
        for queue in queues:
            await channel.declare_queue(queue, durable=True, arguments=QUORUM)

        async def answer(request: Request) -> float:
            bodies = [done(another()).model_dump_json().encode() for _ in range(request["count"])]
            began = time.perf_counter()
            await publish_all(channel, queues, bodies)
            return len(bodies) / (time.perf_counter() - began)

        yield Answering(answer)
