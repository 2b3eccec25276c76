"""Notices a half-open connection: it looks connected, and nobody is at its other end any more.

Three missed heartbeats tell it too, but only after a minute. Here the broker is asked something every
few seconds, on a channel for that alone, and must answer.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from aiormq import Connection
from aiormq.channel import Channel
from aiormq.exceptions import ChannelClosed

from amphibus.transports.rabbitmq.connection import channel_of, within

Question = Callable[[Channel], Awaitable[object]]

_PAUSE_SECONDS: Final = 3.0
_ANSWER_SECONDS: Final = 5.0
_CLOSE_SECONDS: Final = 1.0
_BLOCKED_SECONDS: Final = 0.01


async def watch(connection: Connection, question: Question | None = None) -> None:
    """Asks until the broker answers no more.

    Raises:
        AMQPError, ConnectionError: the connection is of no more use.
    """
    while True:
        await asyncio.sleep(_PAUSE_SECONDS)
        if not (await blocked(connection) or await _answers(connection, question)):
            raise ConnectionError("the broker answers no more")


@asynccontextmanager
async def watched(
    connection: Connection, question: Question | None = None
) -> AsyncIterator["asyncio.Future[None]"]:
    """Watches a connection for as long as somebody works on it; yields what fails once it is of no more use."""
    watching = asyncio.ensure_future(watch(connection, question))
    try:
        yield watching
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def blocked(connection: Connection) -> bool:
    """Returns whether the broker takes nothing for now, by its own word."""
    try:
        async with asyncio.timeout(_BLOCKED_SECONDS):
            await connection.ready()
    except TimeoutError:
        return True
    return False


async def _answers(connection: Connection, question: Question | None) -> bool:
    """Returns whether the broker is there. After a silence it looks once more, and asks for a channel only.

    Our own loop may have been held up, or the question may wait for another node.
    """
    for asked in (question, None):
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await _ask(connection, asked)
        except TimeoutError:
            continue
        return True
    return await blocked(connection)


async def _ask(connection: Connection, question: Question | None) -> None:
    channel = await channel_of(connection, confirms=False)
    try:
        if question is not None:
            await question(channel)
    except ChannelClosed:
        pass  # "no" is an answer, too
    finally:
        if not channel.is_closed:
            await within(_CLOSE_SECONDS, channel.close())
