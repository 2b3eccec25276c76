"""One process that hosts modules: opened together, stopped gracefully."""

import asyncio
import signal
import time
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

import structlog

from amphibus import failpoints
from amphibus.clock import Clock, SystemClock
from amphibus.config.settings import Settings
from amphibus.errors import ConfigError, StoreAway
from amphibus.gateway.accepted_store import AcceptedStore
from amphibus.host.module_host import ModuleHost, ModuleServices, all_idle
from amphibus.host.transport_switch import empty_the_broker, last_transport, remember_transport
from amphibus.routing.project import Project
from amphibus.routing.topology import GATEWAY
from amphibus.telemetry.app import signals_app
from amphibus.telemetry.health import Health
from amphibus.telemetry.metrics import Meters
from amphibus.transport import Transport
from amphibus.transports.memory import MemoryTransport
from amphibus.unit_of_work.crash_journal import CrashJournal
from amphibus.unit_of_work.isolation import Isolation

_log: Any = structlog.get_logger()
_RETRY_SECONDS = 1.0


class Host:
    """The modules of one process. Lives as long as the process serves; `start` it, `stop` it."""

    def __init__(
        self,
        project: Project,
        settings: Settings,
        names: tuple[str, ...],
        *,
        transport: Transport | None = None,
        clock: Clock | None = None,
        containers: Mapping[str, Any] | None = None,
    ) -> None:
        unknown = [name for name in names if name not in project.modules]
        if unknown:
            raise ConfigError(
                f"no module {', '.join(unknown)}",
                f"there are {', '.join(project.modules)}",
                "amphibus modules",
            )
        self.settings = settings
        self.health = Health()
        self.meters = Meters()
        self.clock = clock or SystemClock()
        self.transport = transport or MemoryTransport()
        # Each set of modules has a journal, so that two processes on one folder do not share one.
        self.journal = CrashJournal(settings.data_dir / f"crash-{names[0]}.journal")
        self._around = ModuleServices(
            project=project,
            settings=settings,
            topology=project.topology(),
            transport=self.transport,
            clock=self.clock,
            journal=self.journal,
            isolation=Isolation(),
            meters=self.meters,
        )
        given = containers or {}
        self.modules = {
            name: ModuleHost(project.modules[name], self._around, container=given.get(name))
            for name in names
        }
        for name, hosted in self.modules.items():
            hosted.store.health.on_change = partial(self.health.tell, name)
        self.url = ""
        self._stopped = False

    @property
    def topology(self) -> Any:
        """The topology that routes the messages."""
        return self._around.topology

    def accepted_store(self) -> AcceptedStore:
        """Returns the gateway's store, if the gateway is hosted here."""
        hosted = self.modules[GATEWAY]
        return AcceptedStore(
            topology=self._around.topology,
            store=hosted.store,
            writer=hosted.writer,
            assignment=hosted.assignment,
            transport=self.transport,
            clock=self.clock,
        )

    async def start(self) -> None:
        """Opens every database, then takes messages.

        Raises:
            StoreError: a database cannot be used; those that were opened are closed again.
        """
        self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        opened: list[ModuleHost] = []
        try:
            for hosted in self.modules.values():
                await self._open(hosted)
                opened.append(hosted)
        except BaseException:
            self._stopped = True
            for hosted in opened:
                await hosted.close()
            raise
        self.journal.open()
        try:
            await self._switch_mode()
            for hosted in self.modules.values():
                await hosted.receiver.clear_suspects()
                hosted.start()
            await self.transport.open(self.health)
        except BaseException:
            await self.stop()
            raise
        for hosted in self.modules.values():
            hosted.relay.wake()
        self.health.started()

    async def _open(self, hosted: ModuleHost) -> None:
        """Opens a database; waits for a server that does not answer."""
        while True:
            try:
                await hosted.open()
            except StoreAway as error:
                if hosted.name not in self.health.reasons():
                    _log.warning("store.failed", module=hosted.name, error=f"{error}: {error.why}")
                self.health.lack(hosted.name, error.what)
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                self.health.has(hosted.name)
                return

    async def _switch_mode(self) -> None:
        """Takes over the messages that another mode left waiting."""
        now = self.transport.name
        changed = [
            hosted for hosted in self.modules.values() if await last_transport(hosted.store) != now
        ]
        if now == "memory" and changed:
            # A module that never ran over the broker may have messages there too.
            await empty_the_broker(
                list(self.modules.values()),
                topology=self._around.topology,
                settings=self.settings,
                clock=self.clock,
                health=self.health,
            )
        for hosted in changed:
            await remember_transport(hosted, now)

    async def stop(self, within: float | None = None) -> None:
        """Stops intake, finishes running work within `drain_seconds` or these, closes the databases."""
        if self._stopped:
            return
        self._stopped = True
        self.health.draining()
        failpoints.failpoint("stop.draining")
        for hosted in self.modules.values():
            await hosted.stop_intake()
        try:
            async with asyncio.timeout(self.settings.drain_seconds if within is None else within):
                for hosted in self.modules.values():
                    await hosted.drain()
                await self.transport.finish()
                for hosted in self.modules.values():
                    await hosted.finish()
        except TimeoutError:
            unfinished = sum(hosted.receiver.in_flight for hosted in self.modules.values())
            _log.warning(
                "process.warning",
                what=f"{unfinished} messages were not finished within drain_seconds",
                why="they are in their outboxes and are handled at the next start",
                fix="nothing, or a longer --drain",
            )
        await self.transport.close()
        for hosted in self.modules.values():
            await hosted.close()
        self.journal.close()

    async def idle(self) -> bool:
        """Returns whether nothing is under way in any module, or on its way to one."""
        return await self.transport.idle() and await all_idle([*self.modules.values()])

    def wake(self) -> None:
        """Makes every module look at once for due and undelivered messages."""
        for hosted in self.modules.values():
            hosted.due.wake()
            hosted.relay.wake()


async def serve(
    project: Project,
    settings: Settings,
    modules: tuple[str, ...],
    *,
    mode: str = "monolith",
    on_ready: Callable[[Host], None] = lambda _host: None,
) -> int:
    """Hosts modules and serves HTTP until SIGTERM or SIGINT; returns the exit code."""
    from amphibus.host.http_server import HttpServer
    from amphibus.inbox.outside_threads import OutsideThreads
    from amphibus.telemetry.logs import set_up

    began = time.perf_counter()
    set_up(settings.log_format, settings.log_level)
    failpoints.arm()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)
    host = Host(project, settings, modules, transport=_transport(project, settings, mode))
    threads = OutsideThreads(len(modules), settings.bus, host.journal)
    app = _FirstSignals(host)
    server = HttpServer(app, settings)
    await server.start()
    host.url = server.url
    try:
        if await _unless(stop, host.start()):
            app.everything()
            url, seconds = server.url, round(time.perf_counter() - began, 3)
            _log.debug("process.ready", url=url, seconds=seconds)
            on_ready(host)
            await stop.wait()
    finally:
        host.health.draining()
        ends = loop.time() + settings.drain_seconds
        await server.stop()
        await host.stop(max(0.0, ends - loop.time()))
    return threads.end(0)


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Does some work, or gives it up when the process is to stop; returns whether it was done."""
    doing, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait((doing, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not doing.done():
        doing.cancel()
        await asyncio.wait((doing,))
        return False
    doing.result()
    return True


def _transport(project: Project, settings: Settings, mode: str) -> Transport:
    if mode == "monolith":
        return MemoryTransport()
    from amphibus.transports.rabbitmq.transport import RabbitTransport

    return RabbitTransport(project.topology(), settings, SystemClock())


class _FirstSignals:
    """Serves health and metrics while the modules are opened, and everything afterwards."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._app: Any = _first_app(host)

    def everything(self) -> None:
        """Serves the gateway's routes too from now on, if the gateway is hosted here."""
        if GATEWAY in self._host.modules:
            self._app = _gateway(self._host)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serves one ASGI request."""
        await self._app(scope, receive, send)


def _first_app(host: Host) -> Any:
    if GATEWAY not in host.modules:
        return signals_app(host.health, host.meters)
    from amphibus.gateway.app import starting_app

    return starting_app(host.health, host.meters)


def _gateway(host: Host) -> Any:
    from amphibus.gateway.app import build_app

    return build_app(
        host.accepted_store(),
        host.settings.gateway,
        health=host.health,
        meters=host.meters,
        title=host.settings.app,
    )
