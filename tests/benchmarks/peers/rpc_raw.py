"""Requests with aio-pika and RabbitMQ's direct reply-to. Setup: `role` is `server` or `client`."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from pydantic import BaseModel

from tests.benchmarks.asking import TEXT, loop
from tests.benchmarks.child_process import Answering, Request

_REPLIES = "amq.rabbitmq.reply-to"
_PREFETCH = 100


class Question(BaseModel):
    number: int
    text: str


@asynccontextmanager
async def contestant(setup: Mapping[str, Any]) -> AsyncIterator[Answering]:
    queue = f"{setup['env']}.questions"
    async with await aio_pika.connect(setup["amqp_url"]) as connection:
        # Neither question nor answer is kept, so nobody waits for a confirm.
        channel = await connection.channel(publisher_confirms=False)
        if setup["role"] == "server":
            yield Answering(await _serve(channel, queue))
        else:
            yield Answering(await _client(channel, queue))


async def _serve(channel: AbstractChannel, name: str) -> Any:
    await channel.set_qos(prefetch_count=_PREFETCH)
    queue = await channel.declare_queue(name, auto_delete=True)

    async def take(message: AbstractIncomingMessage) -> None:
        question = Question.model_validate_json(message.body)
        reply = aio_pika.Message(
            question.model_dump_json().encode(), correlation_id=message.correlation_id
        )
        # Mandatory, as is the default, RabbitMQ 3.10 would send each reply back as well.
        await channel.default_exchange.publish(
            reply, routing_key=message.reply_to or "", mandatory=False
        )
        await message.ack()

    await queue.consume(take)

    async def answer(_request: Request) -> None:
        """It answers over the broker only."""

    return answer


async def _client(channel: AbstractChannel, queue: str) -> Any:
    waiting: dict[str, asyncio.Future[bytes]] = {}

    async def arrived(message: AbstractIncomingMessage) -> None:
        waiting.pop(message.correlation_id or "").set_result(message.body)

    replies = await channel.get_queue(_REPLIES, ensure=False)
    await replies.consume(arrived, no_ack=True)

    async def ask(number: int) -> None:
        correlation = str(number)
        waiting[correlation] = future = asyncio.get_running_loop().create_future()
        question = Question(number=number, text=TEXT)
        message = aio_pika.Message(
            question.model_dump_json().encode(), correlation_id=correlation, reply_to=_REPLIES
        )
        await channel.default_exchange.publish(message, routing_key=queue)
        assert Question.model_validate_json(await future).number == number

    async def answer(request: Request) -> dict[str, float]:
        return await loop(ask, request)

    return answer
