"""The live stream: one look a second for all who watch, and a word to each when something has changed.

While nobody watches, nothing is asked.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, suppress
from hashlib import sha256
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from amphibus.access.principal import Principal
from amphibus.console.look import Look
from amphibus.console.rates import Rates
from amphibus.console.rendering import HEADERS

_EVERY_SECONDS: Final = 1.0
_BEAT_SECONDS: Final = 15.0
_LONGEST_SECONDS: Final = 600.0
"""A browser comes again then, and shows again who it is."""
_MOST_WATCHERS: Final = 50
Looks = Callable[[], AbstractAsyncContextManager[Look]]
"""Begins a look at the system."""
_CHANGING: Final = {"load", "commits", "in_flight"}
"""What is another each second, whether anything happens or not."""


class Stream:
    """Lives as long as the console. Its `end` lets nobody wait any more."""

    def __init__(self, looking: Looks, rates: Rates) -> None:
        self._looking = looking
        self._rates = rates
        self._ended = asyncio.Event()
        self._turn = asyncio.Lock()
        self._known = ""
        self._seen = -_EVERY_SECONDS
        self._watchers = 0

    @property
    def state(self) -> str:
        """Returns the digest that was told last."""
        return self._known

    def end(self) -> None:
        """Ends every stream."""
        self._ended.set()

    async def page(self, request: Request, _principal: Principal) -> Response:
        """Serves a stream; `Last-Event-ID` says what the page has seen."""
        if self._watchers >= _MOST_WATCHERS:
            return PlainTextResponse("too many watch", 503, {"Retry-After": "30"})
        seen = request.headers.get("last-event-id") or request.query_params.get("seen", "")
        headers = HEADERS | {"X-Accel-Buffering": "no"}
        return StreamingResponse(
            self._events(seen), headers=headers, media_type="text/event-stream"
        )

    async def _events(self, seen: str) -> AsyncIterator[str]:
        began = said = time.monotonic()
        self._watchers += 1
        try:
            yield "retry: 1000\n\n"
            while not self._ended.is_set() and time.monotonic() - began < _LONGEST_SECONDS:
                state = await self._state()
                if state != seen:
                    yield f"id: {state}\nevent: changed\ndata: {state}\n\n"
                    seen, said = state, time.monotonic()
                elif time.monotonic() - said > _BEAT_SECONDS:
                    yield ": still here\n\n"
                    said = time.monotonic()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_EVERY_SECONDS):
                        await self._ended.wait()
        finally:
            self._watchers -= 1

    async def _state(self) -> str:
        """Returns a digest of what the processes say of themselves, not older than a second."""
        async with self._turn:
            if time.monotonic() - self._seen >= _EVERY_SECONDS * 0.9:
                async with self._looking() as look:
                    seen, rates = await asyncio.gather(look.processes(), self._rates.now(look))
                said: list[Any] = [_still(each.as_json()) for each in seen]
                said += [
                    [*of, each.handled, f"{each.per_second:.1g}"] for of, each in rates.items()
                ]
                self._known = sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]
                self._seen = time.monotonic()
        return self._known


def _still(said: Any) -> Any:
    """Returns what a process says, without what always changes."""
    if isinstance(said, dict):
        return {name: _still(each) for name, each in said.items() if name not in _CHANGING}
    return said
