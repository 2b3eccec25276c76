"""The hop with aio-pika and nothing else: each message acknowledged, each follow-up confirmed, one by one.

With a `driver` in its setup, as of `commits`, it commits what that does before it publishes: what dies
between the two is lost.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from tests.benchmarks.business import orders
from tests.benchmarks.child_process import Answering, Request
from tests.benchmarks.peers.commits import Commit, opened
from tests.benchmarks.peers.plain import Work, done
from tests.benchmarks.peers.queues import QUORUM, fill, persistent

_PREFETCH = 200
_NUMBERS = itertools.count(1)


@asynccontextmanager
async def contestant(setup: Mapping[str, Any]) -> AsyncIterator[Answering]:
    another, url, name = orders(), setup["amqp_url"], setup["env"]
    async with opened(setup) if "driver" in setup else nullcontext(_nothing) as commit:

        async def answer(request: Request) -> float:
            bodies = [another().model_dump_json().encode() for _ in range(request["count"])]
            await fill(url, f"{name}.in", bodies)
            async with await aio_pika.connect(url) as connection:
                return await _consume(connection, name, len(bodies), commit)

        yield Answering(answer)


async def _nothing(_number: int, _body: bytes) -> None:
    """Without a database."""


async def _consume(connection: Any, name: str, left: int, commit: Commit) -> float:
    count, began, finished = left, 0.0, asyncio.Event()
    channel, sending = await connection.channel(), await connection.channel()
    await channel.set_qos(prefetch_count=_PREFETCH)
    queue = await channel.get_queue(f"{name}.in", ensure=False)
    await sending.declare_queue(f"{name}.out", durable=True, arguments=QUORUM)

    async def take(message: AbstractIncomingMessage) -> None:
        nonlocal began, left
        began = began or time.perf_counter()
        following = done(Work.model_validate_json(message.body)).model_dump_json().encode()
        await commit(next(_NUMBERS), following)
        await sending.default_exchange.publish(persistent(following), routing_key=f"{name}.out")
        await message.ack()
        left -= 1
        if not left:
            finished.set()

    await queue.consume(take)
    await finished.wait()
    return count / (time.perf_counter() - began)
