"""Notices within three seconds that the broker is silent, and has it told; nobody hangs up for that.

`liveness` gives a connection up, which costs what is under way on it, so it waits much longer. Here one small question
a second goes by a channel that is kept for it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from aiormq import Connection

from amphibus.transports.rabbitmq.connection import LOST, channel_of
from amphibus.transports.rabbitmq.liveness import blocked

Answer = TypeVar("Answer")
Tell = Callable[[str], None]
"""Called with what is wrong, and with an empty text once it is not so any more."""

_PAUSE_SECONDS: Final = 1.0
_SILENT_SECONDS: Final = 1.5
_OWN_DELAY_SECONDS: Final = 0.1
"""The time for an answer that came while our own loop was held up to be read."""


@asynccontextmanager
async def pulse(connection: Connection, tell: Tell) -> AsyncIterator[None]:
    """Looks after a connection for as long as somebody works on it."""
    feeling = asyncio.ensure_future(_feel(connection, tell))
    try:
        yield
    finally:
        feeling.cancel()
        await asyncio.gather(feeling, return_exceptions=True)


async def _feel(connection: Connection, tell: Tell) -> None:
    while True:
        try:
            channel = await _answer(connection, channel_of(connection, confirms=False), tell)
            while not channel.is_closed:
                await asyncio.sleep(_PAUSE_SECONDS)
                await _answer(connection, channel.basic_qos(prefetch_count=0), tell)
        except LOST:  # who works on the connection finds out, if it is that
            await asyncio.sleep(_PAUSE_SECONDS)


async def _answer(
    connection: Connection, question: Coroutine[Any, Any, Answer], tell: Tell
) -> Answer:
    """Returns what the broker answers, and tells if it is silent meanwhile."""
    asking = asyncio.ensure_future(question)
    try:
        await asyncio.wait([asking], timeout=_SILENT_SECONDS)
        if not asking.done():
            await asyncio.wait([asking], timeout=_OWN_DELAY_SECONDS)
        if not asking.done() and not await blocked(connection):
            tell(f"it has not answered for {_SILENT_SECONDS:g} s")
        answer = await asking
    finally:
        asking.cancel()
    tell("")
    return answer
