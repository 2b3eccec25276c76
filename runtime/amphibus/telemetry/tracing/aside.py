"""Work beside the loop that may hang with a collector: nobody waits for longer than he wants to."""

import asyncio
import contextlib
import threading
from collections.abc import Callable


async def aside(work: Callable[[], object], seconds: float, name: str) -> bool:
    """Does some work in a thread of its own; returns whether it ended in time."""
    ended, loop = asyncio.Event(), asyncio.get_running_loop()

    def run() -> None:
        try:
            work()
        finally:
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(ended.set)

    # Not a thread of the loop's: nobody waits for one that is left with a collector that hangs.
    threading.Thread(target=run, daemon=True, name=name).start()
    try:
        async with asyncio.timeout(seconds):
            await ended.wait()
    except TimeoutError:
        return False
    return True
