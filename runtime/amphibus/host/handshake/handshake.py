"""The handshake: a process takes no work before its contracts fit those of live processes and stored messages.

Until then it answers operators, names what does not fit, and looks again. Nobody waits for it: an older process is not
asked to do anything, and of two that start at once and do not fit, the later one waits.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, Literal

import structlog

from amphibus.clock import Clock
from amphibus.host.handshake.comparison import Findings, Misfit
from amphibus.host.handshake.peers import LivePeers, in_words
from amphibus.host.handshake.stored import Stored
from amphibus.host.module_host import ModuleHost
from amphibus.host.own_contracts import CHECKING, JOINED, WAITING, OwnContracts
from amphibus.telemetry.health import Health
from amphibus.transports.direct.fleet.door import Door

_log: Any = structlog.get_logger()
_NAME: Final = "handshake"
_LOOK_SECONDS: Final = 1.0
_MOST_SAID: Final = 10
_LONGEST: Final = 2_000
_REPAIR: Final = "amphibus contracts check; or start it with --handshake=warn"


class CodeChanged(Exception):
    """The code of a process that waits is another on disk now: a new process may fit."""


class Handshake:
    """The handshake of one process. Called once, before it takes work; `close` it after that."""

    def __init__(
        self,
        own: OwnContracts,
        door: Door,
        *,
        hosted: Mapping[str, ModuleHost],
        health: Health,
        clock: Clock,
        how: Literal["refuse", "warn"],
    ) -> None:
        self._own = own
        self._door = door
        self._hosted = hosted
        self._health = health
        self._clock = clock
        self._how = how
        self._fleet = door.fleet()
        self._peers = LivePeers(own, self._fleet, door.instance)
        self._stores = [Stored(each, own) for each in hosted.values()]
        self._told: set[str] = set()
        self.changed: Callable[[], bool] = lambda: False
        """Returns whether the code on disk is another than the one that runs."""
        self.before_work: Callable[[], Awaitable[None]] = _nothing
        """Called when the process is admitted."""

    async def __call__(self) -> None:
        """Returns once this process may take work.

        Raises:
            CodeChanged: it waits, and its code was changed.
        """
        began = time.monotonic()
        self._stage(CHECKING)
        await self._door.open(
            {name: each.receiver for name, each in self._hosted.items()}, self._health
        )
        found = await self._look()
        while found.misfits and self._how == "refuse":
            self._refuse(found.misfits)
            await self._wait()
            self._stage(CHECKING)
            found = await self._look()
        if self._health.reasons().get(_NAME):
            _log.info("handshake.joined", seconds=round(time.monotonic() - began, 3))
        self._health.has(_NAME)
        self._warn(found)
        self._stage(JOINED)
        for each in self._stores if not found.misfits else ():
            await each.note()
        await self._fleet.hang_up()
        await self.before_work()

    async def close(self) -> None:
        """Ends the questions that a process asked which was stopped before it was admitted."""
        await self._fleet.hang_up()

    def _stage(self, stage: str) -> None:
        self._own.stage, self._own.since = stage, self._clock.now()

    async def _look(self) -> Findings:
        """Compares with the stores and with live processes, as they are now."""
        found = Findings()
        for each in self._stores:
            found.add(await each.findings())
        found.add(await self._peers.findings(self._fleet.learn(self._door.known)))
        self._say_unknown(found.unknown)
        return found

    def _refuse(self, misfits: list[Misfit]) -> None:
        self._stage(WAITING)
        documents = "; ".join(f"document {each.shown}" for each in misfits[:1])
        self._health.lack(_NAME, f"{in_words(misfits)}; {documents}"[:_LONGEST])
        self._tell(misfits, "takes no work until it fits")

    def _warn(self, found: Findings) -> None:
        self._tell(found.misfits, "takes work all the same: --handshake=warn")
        self._tell(found.told, "takes work: nobody handles these by themselves")

    def _tell(self, misfits: Iterable[Misfit], what: str) -> None:
        """Logs each misfit once."""
        for each in [it for it in misfits if it.line not in self._told][:_MOST_SAID]:
            self._told.add(each.line)
            _log.warning(
                "handshake.misfit",
                contract=each.contract,
                where=each.where,
                what=what,
                why=each.what,
                document=each.shown[:_LONGEST],
                times=each.count or None,
                fix=_REPAIR,
            )

    def _say_unknown(self, unknown: list[str]) -> None:
        for each in unknown:
            if each not in self._told:
                self._told.add(each)
                _log.info("handshake.unknown", what=each)

    async def _wait(self) -> None:
        """Waits a while; looks at the directory and at the code meanwhile.

        Raises:
            CodeChanged: the code is another one.
        """
        await asyncio.sleep(_LOOK_SECONDS)
        if self.changed():
            raise CodeChanged
        await self._door.look()


async def _nothing() -> None:
    """Does nothing before the work begins."""
