"""Requests with FastStream's own `request`. Setup: `role` is `server` or `client`."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from faststream.rabbit import Channel, RabbitBroker, RabbitQueue

from tests.benchmarks.asking import TEXT, loop
from tests.benchmarks.child_process import Answering, Request
from tests.benchmarks.peers.rpc_raw import Question

_PREFETCH = 100


@asynccontextmanager
async def contestant(setup: Mapping[str, Any]) -> AsyncIterator[Answering]:
    queue = RabbitQueue(f"{setup['env']}.questions", auto_delete=True)
    broker = RabbitBroker(setup["amqp_url"], logger=None)

    async def take(message: Question) -> Question:
        return message

    async def ask(number: int) -> None:
        reply = await broker.request(Question(number=number, text=TEXT), queue, timeout=30)
        assert Question.model_validate_json(reply.body).number == number

    async def answer(request: Request) -> dict[str, float] | None:
        return await loop(ask, request) if setup["role"] == "client" else None

    if setup["role"] == "server":
        broker.subscriber(queue, channel=Channel(prefetch_count=_PREFETCH))(take)
    await broker.start()
    try:
        yield Answering(answer)
    finally:
        await broker.stop()
