"""The door of a process that takes no work yet, or whose transport has none.

It announces the modules and answers system contracts alone; whoever asks for more is told to ask another process.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, Final

import structlog

from amphibus.clock import Clock
from amphibus.config.settings import Settings
from amphibus.messages.ids import new_id
from amphibus.routing.topology import Topology
from amphibus.supervision import SupervisedTask, Supervisor
from amphibus.telemetry.health import Health
from amphibus.telemetry.privacy import describe
from amphibus.transport import Inbound
from amphibus.transports.direct.choice import directory_of
from amphibus.transports.direct.directory import Known, PeerAddress
from amphibus.transports.direct.fleet.asking import Fleet
from amphibus.transports.direct.fleet.system_only import SystemOnly
from amphibus.transports.direct.server import DirectServer
from amphibus.transports.direct.tls import answering_context, asking_context
from amphibus.transports.direct.transport import advertised

_log: Any = structlog.get_logger()
_FIRST_BEAT_SECONDS: Final = 2.0


class Door:
    """Nothing depends on it to handle a message. Opened once; `close` it."""

    def __init__(self, topology: Topology, settings: Settings, clock: Clock) -> None:
        self._settings = settings.direct
        self._directory = directory_of(topology.modules, settings)
        self.instance = new_id()
        self._known = Known()
        self._said = False
        self._body_limit = settings.bus.body_limit_bytes
        self._server = DirectServer(
            self.instance,
            key=lambda one, other: self._known.keys.get(frozenset((one, other))),
            doubt=lambda _module, _envelope: None,
            clock=clock,
            body_limit=self._body_limit,
            tls=answering_context(settings.direct),
        )
        self._beating: SupervisedTask | None = None

    async def open(self, modules: Mapping[str, Inbound], health: Health) -> None:
        """Listens and announces modules. What stands against it is told, and hinders nobody."""
        for module, inbound in modules.items():
            self._server.attach(module, SystemOnly(inbound))
        try:
            await self._server.open(self._settings.host, self._settings.port, health)
        except OSError as error:
            self._warn(f"{self._settings.host} port {self._settings.port}: {describe(error)}")
            return
        await self.look()
        self._beating = Supervisor(health).task("door:addresses", self._keep_beating)
        await self._beating.start()

    @property
    def known(self) -> Known:
        """The last answer of the directory."""
        return self._known

    async def look(self) -> Known:
        """Asks the directory anew."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_BEAT_SECONDS):
                await self._beat()
        return self._known

    def fleet(self) -> Fleet:
        """Returns who asks the others, with what this door knows of them; `hang_up` when done."""
        return Fleet(
            self._directory, body_limit=self._body_limit, tls=asking_context(self._settings)
        )

    async def close(self) -> None:
        """Withdraws the modules and ends."""
        if self._beating is not None:
            await self._beating.stop()
        with contextlib.suppress(Exception):
            await self._directory.close()
        await self._server.close()

    async def _keep_beating(self) -> None:
        while True:
            await asyncio.sleep(self._directory.every_seconds)
            await self._beat()

    async def _beat(self) -> None:
        host = advertised(self._settings)
        own = [
            PeerAddress(module, self.instance, host, self._server.port)
            for module in self._server.modules
        ]
        try:
            self._known = await self._directory.beat(own)
        except Exception as error:  # noqa: BLE001 - what is known stays known
            self._warn(describe(error))
        else:
            self._said = False

    def _warn(self, why: str) -> None:
        if not self._said:
            self._said = True
            _log.warning(
                "process.warning",
                what="operators' commands cannot ask this process",
                why=why,
                fix="direct.host and direct.port, or amphibus db create",
            )
