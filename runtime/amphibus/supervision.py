"""The supervisor of a process: keeps its long-lived tasks going, and has it told when one cannot go on.

A task of which nobody awaits the end dies in silence, and all that relies on it waits for ever. So each loop that
lives as long as its module or process is a `SupervisedTask`: one that ends by an exception is begun again, later
each time. Its work must be fit to be begun again: what it had taken in hand it has put back, or failed.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

Work = Callable[[], Awaitable[None]]

_FIRST_PAUSE_SECONDS: Final = 0.2
_GROWTH: Final = 4
_LONGEST_PAUSE_SECONDS: Final = 15.0
_WORKS_SECONDS: Final = 2.0
"""A task that ran for so long works."""
_HOPELESS_AFTER: Final = 5
"""Failures in a row, about 17 seconds, after which only a new process may help."""
_END_SECONDS: Final = 0.1
"""The time that a task gets to end, if it does not ask for more: the last thing it does may take a moment."""
_AGAIN_SECONDS: Final = (0.3, 0.6)
"""The time that it gets after each further cancellation, since it may have swallowed the first."""


def we_are_cancelled() -> bool:
    """Returns whether the task that runs is to end, and not only something that it awaited."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


class TaskWatch(Protocol):
    """Somebody who is told of tasks that fail, as `Health` is."""

    def task_failed(self, name: str, error: BaseException, *, times: int, hopeless: bool) -> None:
        """A task ended by an error, so many times in a row, and is begun again."""
        ...

    def task_works(self, name: str, *, times: int, seconds: float) -> None:
        """A task that had failed, so many times within so many seconds, works again."""
        ...

    def task_stopped(self, name: str) -> None:
        """A task that had failed is wanted no more."""
        ...

    def task_left(self, name: str) -> None:
        """A task that was stopped does not end, and is left to itself."""
        ...


class TaskReturned(Exception):
    """The work of a task that should never end has returned."""


class Supervisor:
    """Makes the long-lived tasks of one process. It holds none: who made a task stops it."""

    def __init__(
        self, watch: TaskWatch, *, first_pause_seconds: float = _FIRST_PAUSE_SECONDS
    ) -> None:
        self._watch = watch
        self._first_pause = first_pause_seconds

    def task(self, name: str, work: Work, *, end_seconds: float = _END_SECONDS) -> "SupervisedTask":
        """A task that is not started yet; `name` says what it is and whose, such as `writer:orders`.

        It gets `end_seconds` for what it does at its end, before it is cancelled again.
        """
        return SupervisedTask(name, work, self._watch, self._first_pause, end_seconds)


class SupervisedTask:
    """A loop that is begun again whenever it fails. A `Service`."""

    def __init__(
        self,
        name: str,
        work: Work,
        watch: TaskWatch,
        first_pause: float,
        end_seconds: float,
    ) -> None:
        self.name = name
        self._stop_seconds = (end_seconds, *_AGAIN_SECONDS)
        self._work = work
        self._watch = watch
        self._first_pause = first_pause
        self._task: asyncio.Task[None] | None = None
        self._begun = asyncio.Event()
        self._works: asyncio.TimerHandle | None = None
        self._failures = 0
        self._failed_at = 0.0

    @property
    def running(self) -> bool:
        """Returns whether it was started and not stopped."""
        return self._task is not None

    async def start(self) -> None:
        """Begins the work."""
        if self._task is None:
            self._task = asyncio.create_task(self._keep(), name=self.name)

    async def started(self) -> None:
        """Returns once the work has begun."""
        await self._begun.wait()

    async def stop(self) -> None:
        """Cancels the work. One that swallows its cancellation is cancelled again, and left to itself after that."""
        task, self._task = self._task, None
        self._forget_timer()
        if self._failures:
            self._failures = 0
            self._watch.task_stopped(self.name)
        if task is None:
            return
        for seconds in self._stop_seconds:
            task.cancel()
            await asyncio.wait([task], timeout=seconds)
            if task.done():
                return
        self._watch.task_left(self.name)

    async def _keep(self) -> None:
        pause = self._first_pause
        while True:
            self._works = asyncio.get_running_loop().call_later(_WORKS_SECONDS, self._is_well)
            error = await self._end_of_work()
            if self._task is not asyncio.current_task():
                return  # it was stopped, and ended late
            self._forget_timer()
            if not self._failures:
                pause, self._failed_at = self._first_pause, time.monotonic()
            self._failures += 1
            hopeless = self._failures >= _HOPELESS_AFTER
            self._watch.task_failed(self.name, error, times=self._failures, hopeless=hopeless)
            await asyncio.sleep(pause)
            pause = min(pause * _GROWTH, _LONGEST_PAUSE_SECONDS)

    async def _end_of_work(self) -> BaseException:
        """Does the work, and returns why it ended."""
        self._begun.set()
        try:
            await self._work()
        except asyncio.CancelledError as error:
            if self._is_cancelled():
                raise
            return error  # something that the work awaited was cancelled, and not the work
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, it must not end the task
            return error
        return TaskReturned("it returned")

    def _is_cancelled(self) -> bool:
        task = asyncio.current_task()
        return task is not self._task or (task is not None and task.cancelling() > 0)

    def _is_well(self) -> None:
        if self._failures:
            seconds = time.monotonic() - self._failed_at
            self._watch.task_works(self.name, times=self._failures, seconds=seconds)
            self._failures = 0

    def _forget_timer(self) -> None:
        if self._works is not None:
            self._works.cancel()
            self._works = None
