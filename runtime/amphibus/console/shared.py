"""Pages at which several look: each is made once for those who see the same, until something has changed."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Final

from starlette.responses import Response

_FRESH_SECONDS: Final = 0.9
_MOST: Final = 100
"""Pages that are kept; whoever looks may ask for any number of addresses while nothing changes."""


@dataclass(slots=True)
class _Made:
    """A page, and the turn of whoever makes it."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    page: Response | None = None
    at: float = 0.0


class Shared:
    """Keeps what was made last for less than a second. Lives as long as the console."""

    def __init__(self) -> None:
        self._state = ""
        self._made: dict[Hashable, _Made] = {}

    async def page(
        self, state: str, of: Hashable, make: Callable[[], Awaitable[Response]]
    ) -> Response:
        """Returns a page as it was made since the system is in a state, or makes it.

        Args:
            state: of the system, as the stream has told it.
            of: who sees it, and its address.
            make: makes it anew.
        """
        if state != self._state:
            self._state = state
            self.forget()
        made = self._made.setdefault(of, _Made())
        if len(self._made) > _MOST:
            del self._made[next(iter(self._made))]
        async with made.turn:
            if made.page is None or time.monotonic() - made.at > _FRESH_SECONDS:
                made.at = time.monotonic()
                made.page = await make()
            return made.page

    def forget(self) -> None:
        """Lets every page be made anew, since somebody has acted."""
        # What is being made now is no longer found here.
        self._made = {}
