"""The time limits for handlers: of a message, which holds the one writer of its module, and of a query."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from amphibus.errors import Overdue


@asynccontextmanager
async def within(seconds: float, *, query: str = "") -> AsyncIterator[None]:
    """Ends what awaits something for longer than that.

    Raises:
        Overdue: it did. Its transaction may be lost with it, where it awaited the database.
    """
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        # No TimeoutError, which is what a database that is away raises.
        if query:
            raise Overdue(
                f"{query} was not answered within {seconds:g} s",
                "its handler was ended, and its connection given back",
                "make it read less, or raise bus.query_timeout_seconds or on(..., timeout=...)",
            ) from None
        raise Overdue(
            f"the handler did not end within {seconds:g} s",
            "it holds up all others of its module; what it had changed is undone",
            "call what is slow in its outside step, or raise bus.handler_timeout_seconds or on(..., timeout=...)",
        ) from None
