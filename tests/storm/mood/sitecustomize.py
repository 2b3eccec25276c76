"""Gives the payment provider moods: the word in the file `mood` beside the data folder says how it behaves now."""

import asyncio
import contextlib
import sys
import threading
from typing import Any

from modules.payments.adapters import sandbox

_BLOCKED_SECONDS = 2.0
_SWALLOWED_SECONDS = 1.0


class ProviderBroken(Exception):
    """What the library of a provider may raise."""


async def _behave(mood: str) -> None:
    if mood == "hangs":
        await asyncio.Event().wait()
    if mood == "raises":
        raise ProviderBroken("surrogate \ud800, NUL \0, and " + "x" * 5_000)
    if mood == "exits":
        sys.exit("the library of the provider ends its process")
    if mood == "blocks":
        threading.Event().wait(_BLOCKED_SECONDS)
    if mood == "swallows":
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SWALLOWED_SECONDS):
                    await asyncio.Event().wait()


_answer = sandbox.Sandbox._once


async def _once(self: sandbox.Sandbox, *given: Any) -> dict[str, Any]:
    file = self._path.parents[1] / "mood"
    if file.exists():
        await _behave(file.read_text())
    return await _answer(self, *given)


sandbox.Sandbox._once = _once  # type: ignore[assignment,method-assign]
