"""Gives the payment provider and the handlers of reporting moods: a word in a file says how they behave now.

The files `mood` and `mood of handlers` are in the folder that STORM_FOLDER names.
"""

import asyncio
import contextlib
import os
import sys
import threading
from pathlib import Path
from typing import Any

from amphibus.errors import HandlerEnded
from modules.payments.adapters import sandbox
from modules.reporting import handlers

_FOLDER = Path(os.environ["STORM_FOLDER"])
_BLOCKED_SECONDS = 2.0
_SWALLOWED_SECONDS = 1.0
_LINGERS_SECONDS = 0.3
_lingering: set[asyncio.Task[None]] = set()


class CodeBroken(Exception):
    """What somebody's code or library may raise."""


def _mood(name: str) -> str:
    file = _FOLDER / name
    with contextlib.suppress(FileNotFoundError):
        return file.read_text()
    return ""


async def _pause(seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.Event().wait()


async def _behave(mood: str) -> None:
    if mood == "hangs":
        await asyncio.Event().wait()
    if mood == "raises":
        raise CodeBroken("surrogate \ud800, NUL \0, and " + "x" * 5_000)
    if mood == "exits":
        sys.exit("a library ends its process")
    if mood == "blocks":
        threading.Event().wait(_BLOCKED_SECONDS)
    if mood == "swallows":
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await _pause(_SWALLOWED_SECONDS)


_answer = sandbox.Sandbox._once
_add = handlers._add


async def _once(self: sandbox.Sandbox, *given: Any) -> dict[str, Any]:
    await _behave(_mood("mood"))
    return await _answer(self, *given)


async def _count(message: Any, context: Any, **counts: Any) -> None:
    await _add(message, context, **counts)
    mood = _mood("mood of handlers")
    if mood == "commits":
        await (await context.db.connection()).commit()
    if mood == "lingers":
        task = asyncio.create_task(_count_later(message, context, counts))
        _lingering.add(task)
        task.add_done_callback(_lingering.discard)
    await _behave(mood)


async def _count_later(message: Any, context: Any, counts: dict[str, Any]) -> None:
    """Counts once more when the handler's transaction is over; if it is let, the report says so."""
    await _pause(_LINGERS_SECONDS)
    with contextlib.suppress(HandlerEnded):
        await _add(message, context, **counts)


sandbox.Sandbox._once = _once  # type: ignore[assignment,method-assign]
handlers._add = _count
