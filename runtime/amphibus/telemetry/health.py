"""The state of the process: starting, ready or draining, with the reasons by name."""

from collections.abc import Callable
from typing import Any, Literal

import structlog

from amphibus.telemetry.privacy import describe

_log: Any = structlog.get_logger()

HealthState = Literal["starting", "ready", "draining"]


class Health:
    """The health of one process, used from its event loop only.

    It begins as `starting`. It is ready once it was `started` and nothing is missing, until `draining`
    begins, which never ends. What keeps its promise late is `degraded`: while the broker is away, work is
    accepted and kept, so the process is ready.
    """

    __slots__ = (
        "_degraded",
        "_hopeless",
        "_lacking",
        "_notes",
        "_state",
        "on_asked",
        "on_stranger",
        "on_task_restart",
    )

    def __init__(self) -> None:
        self._state: HealthState = "starting"
        self._lacking: dict[str, str] = {}
        self._degraded: dict[str, str] = {}
        self._hopeless: dict[str, str] = {}
        self._notes: dict[str, str] = {}
        self.on_task_restart: Callable[[str], None] = lambda _name: None
        """Told the name of each task that failed and is begun again."""
        self.on_asked: Callable[[str], None] = lambda _way: None
        """Told the way of each request where there are two: `direct` or `broker`."""
        self.on_stranger: Callable[[str], None] = lambda _why: None
        """Told why each stranger at the direct endpoint was hung up on: `late`, `crowded` or `wrong`."""

    @property
    def state(self) -> HealthState:
        """`ready` means that everything was started; `reasons` may still name something missing now."""
        return self._state

    @property
    def ready(self) -> bool:
        """True if this process should get new work."""
        return self._state == "ready" and not self._lacking

    @property
    def hopeless(self) -> dict[str, str]:
        """The tasks that fail again and again, each with its reason: only a new process may help."""
        return dict(self._hopeless)

    @property
    def degraded(self) -> dict[str, str]:
        """Reasons why something is late or slow though the process is ready, by name; empty when nothing is."""
        return dict(self._degraded)

    @property
    def notes(self) -> dict[str, str]:
        """Notices for whoever looks after the process though all works, by name; empty when there is nothing."""
        return dict(self._notes)

    def note(self, name: str, what: str) -> None:
        """Notes something for whoever looks after the process; nothing if it is empty."""
        if what:
            self._notes[name] = what

    def reasons(self) -> dict[str, str]:
        """Returns the reasons why the process is not ready, by name; empty when it is."""
        own = {} if self._state == "ready" else {"process": self._state}
        return own | self._lacking

    def lack(self, name: str, why: str) -> None:
        """Notes that something needed is missing for now, e.g. `lack("orders", "its database is full")`."""
        self._lacking[name] = why

    def has(self, name: str) -> None:
        """Notes that something missing is there again; does nothing if it was not missing."""
        self._lacking.pop(name, None)

    def degrade(self, name: str, why: str) -> None:
        """Notes that something works late or slowly for now, and why; nothing if the reason is empty."""
        if why:
            self._degraded[name] = why
        else:
            self._degraded.pop(name, None)

    def tell(self, name: str, why: str) -> None:
        """Notes the reason why something is missing, or that it is there if the reason is empty."""
        if why:
            self.lack(name, why)
        else:
            self.has(name)

    def task_failed(self, name: str, error: BaseException, *, times: int, hopeless: bool) -> None:
        """A long-lived task ended by an error, so many times in a row; its supervisor begins it again."""
        why = f"its task failed, {times} times by now: {describe(error)}"
        self.lack(name, why)
        if hopeless:
            self._hopeless[name] = why
        self.on_task_restart(name)
        _log.error("task.failed", task=name, error=describe(error), times=times, exc_info=error)

    def task_works(self, name: str, *, times: int, seconds: float) -> None:
        """A long-lived task that had failed works again."""
        _log.info("task.restarted", task=name, times=times, seconds=round(seconds, 3))
        self.task_stopped(name)

    def task_stopped(self, name: str) -> None:
        """A long-lived task is lacking no more: it works, or it is not wanted."""
        self._hopeless.pop(name, None)
        self.has(name)

    def task_left(self, name: str) -> None:
        """A task that was stopped does not end: its handler, or what that calls, catches the cancellation."""
        _log.warning(
            "process.warning",
            what=f"{name} does not end when told to, and is left to itself",
            why="a handler or an adapter catches its own cancellation",
            fix="let asyncio.CancelledError through where everything is caught",
        )

    def started(self) -> None:
        """Notes that everything was started. While draining it changes nothing."""
        if self._state == "starting":
            self._state = "ready"

    def draining(self) -> None:
        """Notes that the process was told to stop: it takes no new work."""
        self._state = "draining"
