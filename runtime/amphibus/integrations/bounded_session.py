"""A session for one transaction, whose beginning, work and end each have a time limit.

SQLAlchemy closes a session with a rollback, and lets nobody cancel that. A connection that is half open never answers
it, and a connection that is cut off while it opens is left to the garbage collector.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

_CLOSE_SECONDS: Final = 1.0
_CANCELLATIONS: Final = 3
"""The first ends the rollback, the next the driver's own farewell; then the connection is dropped."""


@asynccontextmanager
async def bounded_session(
    sessions: async_sessionmaker[AsyncSession], seconds: float
) -> AsyncIterator[AsyncSession]:
    """A session with its connection; what is not committed after `seconds` is rolled back.

    Raises:
        TimeoutError: the time was over; a connection that does not answer is given up.
    """
    session = sessions()
    try:
        await _to_its_end(session.connection(), seconds)
        async with asyncio.timeout(seconds):
            yield session
    finally:
        with contextlib.suppress(Exception):  # its work is committed, or undone by the server
            await _to_its_end(session.close(), _CLOSE_SECONDS)


async def _to_its_end(work: Coroutine[Any, Any, object], seconds: float) -> None:
    """Lets something end that must not be cut in the middle; a caller that is cancelled waits for it a little.

    Raises:
        TimeoutError: it did not end in time.
    """
    now = asyncio.get_running_loop().time
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    end = now() + seconds
    for attempt in range(1 + _CANCELLATIONS):
        if attempt and not task.done():
            task.cancel()
            end = now() + _CLOSE_SECONDS
        while not task.done() and now() < end:
            try:
                await asyncio.wait((task,), timeout=end - now())
            except asyncio.CancelledError as error:
                end = min(end, now() + _CLOSE_SECONDS) if cancelled is None else end
                cancelled = error
    if cancelled is not None:
        if task.done() and not task.cancelled():
            task.exception()  # nobody else asks for it
        raise cancelled
    if task.cancelled() or not task.done():
        raise TimeoutError
    task.result()
