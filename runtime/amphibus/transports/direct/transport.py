"""A transport whose requests go from process to process, and messages too while what is below it is away."""

import asyncio
import contextlib
import socket
import time
from functools import partial
from typing import Any, Final

import structlog

from amphibus.clock import Clock
from amphibus.config.settings import DirectSettings, Settings
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_id
from amphibus.routing.topology import Topology
from amphibus.supervision import SupervisedTask, Supervisor
from amphibus.telemetry.health import Health
from amphibus.telemetry.privacy import describe
from amphibus.transport import Ack, Destinations, Inbound, MarkingSender, OwnedPartitions
from amphibus.transports.direct.below import Below
from amphibus.transports.direct.bypass import BrokerWatch, DirectBypass
from amphibus.transports.direct.directory import Directory, DirectoryUnusable, PeerAddress
from amphibus.transports.direct.door import Door
from amphibus.transports.direct.peers import Peers
from amphibus.transports.direct.requests import DirectRequests
from amphibus.transports.direct.server import DirectServer, Doubt
from amphibus.transports.direct.tls import answering_context, asking_context

_log: Any = structlog.get_logger()
_FIRST_BEAT_SECONDS: Final = 2.0
_BROKER_SECONDS: Final = 0.5
_FINISH_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.005
_UNUSABLE: Final = "requests go over the broker, and not directly"
_EVERYWHERE: Final = frozenset(("", "0.0.0.0", "::"))  # noqa: S104 - to know them, not to listen there


class DirectTransport:
    """Carries requests itself, and messages that a sender leads past `below`; gives the rest to that.

    Its name is that one's: databases need not know.
    """

    def __init__(
        self,
        below: Below,
        topology: Topology,
        settings: Settings,
        clock: Clock,
        *,
        directory: Directory,
        doubt: Doubt,
    ) -> None:
        direct = settings.direct
        self.name = below.name
        self.apart = below.apart
        self._below = below
        self._settings = direct
        self._directory = directory
        self._clock = clock
        self._partitions = settings.bus.partitions
        self._instance = new_id()
        limit = settings.bus.body_limit_bytes
        self._peers = Peers(body_limit=limit, tls=asking_context(direct))
        self._server = DirectServer(
            self._instance,
            key=self._peers.key,
            doubt=doubt,
            clock=clock,
            body_limit=limit,
            tls=answering_context(direct),
        )
        self.requests = DirectRequests(below.requests, self._peers, self._server, topology)
        watch = BrokerWatch(
            lambda: below.works,
            fallback_after=settings.bus.fallback_after_seconds,
            return_after=settings.bus.return_after_seconds,
        )
        self.bypass = DirectBypass(
            below, watch, self._peers, partitions=self._partitions, on_reply=self.requests.replied
        )
        self._tasks: list[SupervisedTask] = []
        self._said: set[str] = set()

    def attach(self, module: str, inbound: Inbound, partitions: OwnedPartitions) -> None:
        """Begins to hand messages to a module, whichever way they come."""
        self._below.attach(module, inbound, partitions)
        self._server.doors[module] = Door(
            inbound,
            partitions,
            self._partitions,
            doubt=partial(self._below.doubt, module),
            clock=self._clock,
        )

    async def open(self, health: Health) -> None:
        """Listens, finds the others, and opens what is below. Without an address of its own it only asks.

        Raises:
            ConfigError: as of the transport below.
        """
        self.requests.on_asked = health.on_asked
        self.bypass.health = health
        try:
            await self._server.open(self._settings.host, self._settings.port, health)
        except OSError as error:
            self._warn(
                f"requests to this process do not come directly: {self._settings.host}"
                f" port {self._settings.port} cannot be listened on",
                describe(error),
                "direct.host and direct.port, or direct.enabled = false",
            )
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_BEAT_SECONDS):
                await self._beat()
        supervisor = Supervisor(health)
        self._tasks = [
            supervisor.task("direct:addresses", self._keep_beating),
            supervisor.task("direct:broker", self._keep_looking),
        ]
        for task in self._tasks:
            await task.start()
        try:
            await self._below.open(health)
        except BaseException:
            await self._close_own()
            raise

    async def detach(self, module: str) -> None:
        """Hands that module nothing more."""
        self._server.doors.pop(module, None)
        await self._below.detach(module)

    async def revoke(self, module: str, partitions: frozenset[int]) -> None:
        """Returns when nothing of some partitions is under way here; requests belong to none."""
        if (door := self._server.doors.get(module)) is not None:
            door.revoke(partitions)
        await self._below.revoke(module, partitions)

    async def finish(self) -> None:
        """Returns when all that was taken is answered or acknowledged."""
        await self._server.finish()
        await self._below.finish()
        ends = time.monotonic() + _FINISH_SECONDS
        while not self.bypass.idle and time.monotonic() < ends:
            await asyncio.sleep(_LOOK_SECONDS)

    async def close(self) -> None:
        """Ends."""
        await asyncio.gather(self._below.close(), self._close_own())

    async def idle(self) -> bool:
        """Returns whether nothing is on its way to the modules here."""
        return self._server.idle and await self._below.idle() and self.bypass.idle

    def routes(self, destinations: Destinations) -> list[tuple[str, Destinations]]:
        """Routes are those of the transport below."""
        return self._below.routes(destinations)

    def is_reachable(self, route: str) -> bool:
        """Returns True also where messages go directly, to a module that may be away for a moment."""
        return self._below.is_reachable(route) or self.bypass.leads_to(route)

    def deliver(self, destinations: Destinations, envelope: Envelope, ack: Ack) -> None:
        """Delivers directly what its sender leads so, and the rest by the transport below."""
        if not self.bypass.deliver(destinations[0], envelope, ack):
            self._below.deliver(destinations, envelope, ack)

    def follow(self, source: str, sender: MarkingSender | None) -> None:
        """Lets a sender recognise the broker below."""
        self._below.follow(source, sender)

    def recall(self, source: str) -> None:
        """Gives up what was delivered for a sender and is not acknowledged, on both ways."""
        self.bypass.recall(source)

    async def _close_own(self) -> None:
        self.bypass.close()
        for task in self._tasks:
            await task.stop()
        with contextlib.suppress(Exception):
            await self._directory.close()
        await asyncio.gather(self._peers.close(), self._server.close())

    async def _keep_beating(self) -> None:
        while True:
            await asyncio.sleep(self._directory.every_seconds)
            await self._beat()

    async def _keep_looking(self) -> None:
        while True:
            self.bypass.look()
            await asyncio.sleep(_BROKER_SECONDS)

    async def _beat(self) -> None:
        try:
            known = await self._directory.beat(self._own())
        except DirectoryUnusable as error:
            self._warn(_UNUSABLE, str(error), error.fix)
        except Exception:  # noqa: BLE001, S110 - it is away for now: what is known stays known
            pass
        else:
            self._said.discard(_UNUSABLE)
            self._peers.learn(known)

    def _own(self) -> list[PeerAddress]:
        """Returns the addresses of the modules that are answered for here."""
        if not self._server.port:
            return []
        host = advertised(self._settings)
        return [
            PeerAddress(module, self._instance, host, self._server.port)
            for module in self._server.modules
        ]

    def _warn(self, what: str, why: str, fix: str) -> None:
        if what not in self._said:
            self._said.add(what)
            _log.warning("process.warning", what=what, why=why, fix=fix)


def advertised(settings: DirectSettings) -> str:
    """Returns the host under which other processes find this one."""
    if settings.advertise:
        return settings.advertise
    return socket.gethostname() if settings.host in _EVERYWHERE else settings.host
