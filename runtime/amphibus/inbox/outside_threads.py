"""The threads in which adapters call the outside, so that the loop goes on meanwhile.

There is one for each call that may run at once, of a module and of each limited type, and one for each that hangs on
after its message has gone on without it. No module may have more of those, so that one whose outside hangs leaves none
of the others without, nor the runtime, which reads large bodies in them;
and a call that hangs for good does not hold up the end of the process, as Python's own threads would.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeVar

import structlog

from amphibus.config.settings import BusSettings
from amphibus.errors import Unavailable
from amphibus.unit_of_work.crash_journal import CrashJournal, Identity, current

_log: Any = structlog.get_logger()
_NAME: Final = "outside"
_GRACE_SECONDS: Final = 0.2
_OWN: Final = 8
"""Threads for what the runtime does by itself."""
T = TypeVar("T")


class _WatchedPool(ThreadPoolExecutor):
    """Threads whose work is suspect for the message that handed it over, while that waits for it."""

    def __init__(self, threads: int, journal: CrashJournal, *, most_left: int) -> None:
        super().__init__(threads, thread_name_prefix=_NAME)
        self._journal = journal
        self._most_left = most_left
        self._lock = threading.Lock()
        self._running: Counter[Identity] = Counter()

    def submit(self, fn: Callable[..., T], /, *args: Any, **named: Any) -> "Future[T]":
        """Runs something in a thread.

        Raises:
            Unavailable: as many calls of its module hang, for which nobody waits any more.
        """
        who = current.get()
        if who is None:
            return super().submit(fn, *args, **named)
        with self._lock:
            self._refuse_beyond(who[0])
            self._running[who] += 1
        future = super().submit(self._run, who, partial(fn, *args, **named))
        future.add_done_callback(lambda _: self._ended(who))
        return future

    def _refuse_beyond(self, module: str) -> None:
        under_way = self._journal.under_way
        left = (who for who in self._running if who[0] == module and who not in under_way)
        hanging = sum(self._running[who] for who in left)
        if hanging >= self._most_left:
            raise Unavailable(
                f"{hanging} calls of {module} to the outside hang, though their time is over;"
                " no more are begun. Give the calls of its adapter a timeout"
            )

    def _ended(self, who: Identity) -> None:
        with self._lock:
            self._running[who] -= 1
            if not self._running[who]:
                del self._running[who]

    def _run(self, who: Identity, work: Callable[[], T]) -> T:
        with self._journal.running(who):
            return work()


class OutsideThreads:
    """The threads of `asyncio.to_thread`. They live as long as their process serves."""

    def __init__(self, modules: int, settings: BusSettings, journal: CrashJournal) -> None:
        self._modules = modules
        self._settings = settings
        self._journal = journal
        self._most = 0
        self._pool: _WatchedPool | None = None
        self.adjust()

    def adjust(self) -> None:
        """Takes in the settings as they are now; calls that run in other threads than the new ones end there."""
        most = self._modules * self._settings.outside_concurrency
        if most == self._most:
            return
        before, self._most = self._pool, most
        left = self._settings.outside_concurrency
        self._pool = _WatchedPool(2 * most + _OWN, self._journal, most_left=left)
        asyncio.get_running_loop().set_default_executor(self._pool)
        if before is not None:
            before.shutdown(wait=False)

    def end(self) -> int:
        """Returns how many calls still hang, and says so: the process must end without waiting for them.

        Nothing is lost by it: what the call was for is not committed, and is done again at the next start.
        """
        assert self._pool is not None
        self._pool.shutdown(wait=False, cancel_futures=True)
        hanging = _alive(time.monotonic() + _GRACE_SECONDS)
        if hanging:
            _log.warning(
                "process.warning",
                what=f"{hanging} calls to the outside still hang",
                why="the process ends without their answers; they are made again at the next start",
                fix="give the calls of the adapter a timeout",
            )
        return hanging


def _alive(ends: float) -> int:
    """Returns the number of our threads that still run at that time; those without work end by themselves."""
    threads = [each for each in threading.enumerate() if each.name.startswith(f"{_NAME}_")]
    for each in threads:
        each.join(max(0.0, ends - time.monotonic()))
    return sum(each.is_alive() for each in threads)
