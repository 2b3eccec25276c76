"""The turn of a message of a type that is limited."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any


class Turn:
    """Counts from when it is given until its message is through, and what it began in threads has ended."""

    def __init__(self, ended: Callable[[], None]) -> None:
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._over = False
        self._threads = 0

    def end(self) -> None:
        """Ends it, unless a call goes on in a thread that nobody waits for any more."""
        with self._lock:
            self._over = True
            last = not self._threads
        if last:
            self._ended()

    def in_thread(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """Returns a function that runs in a thread, and counts until it has returned."""

        def counted(*given: Any) -> Any:
            with self._lock:
                self._threads += 1
            try:
                return step(*given)
            finally:
                with self._lock:
                    self._threads -= 1
                    last = self._over and not self._threads
                if last:
                    with contextlib.suppress(
                        RuntimeError
                    ):  # the loop is closed: nothing counts any more
                        self._loop.call_soon_threadsafe(self._ended)

        return counted
