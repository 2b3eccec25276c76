"""The end of a process: each step of its stop has a time of its own, and what does not end is left and named.

A handler may swallow its cancellation, a broker may be frozen, a connection half open: none of them
holds up the stop. Nothing is lost by it: what was not committed is done again at the next start.
"""

import asyncio
import os
import sys
import time
from collections.abc import Coroutine
from typing import Any, Final

import structlog

from amphibus.telemetry.privacy import describe

_log: Any = structlog.get_logger()
_GRACE_SECONDS: Final = 0.2
"""The time that something which was cancelled gets to end."""
_LEAST_SECONDS: Final = 0.3
"""The time that even the last step gets."""


class Ending:
    """The steps of one stop, which take no longer than some seconds all together, and a moment."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    async def step(self, name: str, work: Coroutine[Any, Any, None], *, within: float) -> bool:
        """Does one step of the stop; gives it up after a time. Returns whether it was done.

        An error of it is told, and holds up no other step.
        """
        left = max(_LEAST_SECONDS, self._ends - time.monotonic())
        task = asyncio.ensure_future(work)
        task.set_name(f"stop:{name}")
        seconds = min(within, left)
        try:
            await asyncio.wait((task,), timeout=seconds)
        finally:
            task.cancel()
        if not task.done():
            await asyncio.wait((task,), timeout=_GRACE_SECONDS)
        if not task.done() or task.cancelled():
            return False
        if (error := task.exception()) is not None:
            _warn(f"{name} did not stop as it should", describe(error))
        return error is None


def say_left(name: str, seconds: float) -> None:
    """Tells that a step of the stop was given up."""
    _warn(
        f"{name} did not end within {seconds:g} s, and is left as it is",
        "it waits for something else",
    )


async def tasks_left() -> list[str]:
    """Cancels all that still runs on this loop; returns the names of what does not end even so."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others, timeout=_GRACE_SECONDS)
    return sorted(task.get_name() for task in others if not task.done())


def leave(code: int) -> None:
    """Ends the process at once, whatever still runs in it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _warn(what: str, why: str) -> None:
    fix = "nothing: what was not committed is done at the next start"
    _log.warning("process.warning", what=what, why=why, fix=fix)
