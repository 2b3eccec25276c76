"""Knows what the module does not handle for now: looked up once a second, so that all instances see it alike."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog

from amphibus.clock import Clock, as_datetime
from amphibus.database.steering.pauses import WHOLE_MODULE, Pause, pauses
from amphibus.database.store import Store
from amphibus.supervision import Supervisor

_log: Any = structlog.get_logger()
LOOK_SECONDS: Final = 1.0


class Pauses:
    """A `Service`: the pauses of one module as one instance sees them. `look` before messages are taken."""

    def __init__(self, store: Store, clock: Clock, supervisor: Supervisor) -> None:
        self.module = store.module
        self._store = store
        self._clock = clock
        self._now: Mapping[str, Pause] = {}
        self.writes_down = False
        """Whether a message is written down also where the whole module is paused: who has it does not keep it."""
        self._task = supervisor.task(f"pause:{store.module}", self._work)
        self.on_change: list[Callable[[], None]] = []
        """Called when something was paused or resumed; all are called again until none of them fails."""
        self._told = True

    @property
    def all(self) -> tuple[Pause, ...]:
        """Returns everything that is paused."""
        return tuple(self._now.values())

    @property
    def whole(self) -> bool:
        """Returns whether the module handles nothing."""
        return WHOLE_MODULE in self._now

    def of(self, type_: str) -> Pause | None:
        """Returns the pause for whose end a message of a type is written down, or None: that of the type alone.

        While a pause of the whole module is written down, too, it counts as well.
        """
        found = self._now.get(type_)
        return self._now.get(WHOLE_MODULE) if found is None and self.writes_down else found

    def why_not(self, type_: str) -> str:
        """Returns why a type is not handled now, in words; empty if it is."""
        found = self._now.get(WHOLE_MODULE) or self._now.get(type_)
        return "" if found is None else f"module {self.module}: {in_words(found)}"

    @property
    def reason(self) -> str:
        """Returns what is paused in words; empty if nothing is."""
        return "; ".join(map(in_words, self._now.values()))

    async def start(self) -> None:
        """Begins to look."""
        await self._task.start()

    async def started(self) -> None:
        """Returns once it looks."""
        await self._task.started()

    async def stop(self) -> None:
        """Ends."""
        await self._task.stop()

    async def look(self) -> None:
        """Takes in what is paused now.

        Raises:
            Exception: of the database; what was known stays.
        """
        found = {each.type: each for each in await pauses(self._store.reader, self._clock.now())}
        if found != self._now:
            self._now, self._told = found, False
            if found:
                _log.info("module.paused", module=self.module, why=self.reason)
            else:
                _log.info("module.resumed", module=self.module)
        if not self._told:
            for tell in self.on_change:
                tell()
            self._told = True

    async def _work(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
                self._store.health.recovered("pauses")
            except Exception as error:  # noqa: BLE001 - the database may be away for a while
                self._store.health.failed("pauses", error)


def in_words(pause: Pause) -> str:
    """Returns a pause as people read it."""
    what = f"{pause.type} is paused" if pause.type else "paused"
    end = "" if pause.until is None else f" until {as_datetime(pause.until):%Y-%m-%d %H:%M:%S}Z"
    return f"{what} since {as_datetime(pause.since):%Y-%m-%d %H:%M:%S}Z{end}" + (
        f": {pause.reason}" if pause.reason else ""
    )
