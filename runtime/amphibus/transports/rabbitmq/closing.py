"""The end of a connection, which nobody cuts off: half an end would leave its socket open."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final

_CLOSE_SECONDS: Final = 3.0
_closing: Final[set[asyncio.Task[None]]] = set()
"""Holds what goes on beside those who no longer wait for it: the loop itself would forget it."""

Close = Callable[[], Awaitable[Any]]


async def close_whole(*closes: Close) -> None:
    """Calls each in turn, each with a time limit; what fails holds up no other.

    If the caller is cancelled, it goes on beside it: a task may be cancelled once more while it ends.
    """
    task = asyncio.create_task(_each(closes), name="closing a connection")
    _closing.add(task)
    task.add_done_callback(_closing.discard)
    await asyncio.shield(task)


async def closed() -> None:
    """Returns when every connection that was being closed here is closed."""
    loop = asyncio.get_running_loop()
    if closing := [each for each in _closing if each.get_loop() is loop]:
        await asyncio.wait(closing)


async def _each(closes: tuple[Close, ...]) -> None:
    for close in closes:
        try:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await close()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise  # the process ends; else it is the library's word for a connection that was lost
