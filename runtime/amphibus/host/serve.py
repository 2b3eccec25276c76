"""A process that serves its modules over HTTP until it is told to stop."""

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final

import structlog

from amphibus import failpoints
from amphibus.clock import clock_of
from amphibus.config.live import LiveSettings
from amphibus.config.settings import Settings
from amphibus.errors import DeclarationError
from amphibus.host.blocked import BlockedLoop
from amphibus.host.description import build_of
from amphibus.host.ending import leave, tasks_left
from amphibus.host.front_door import front_door
from amphibus.host.handshake.admission import handshake_of
from amphibus.host.handshake.handshake import CodeChanged
from amphibus.host.host import Host
from amphibus.host.http.server import HttpServer
from amphibus.host.listens import note_listening
from amphibus.host.live.adjusting import keep_log_levels, live_settings
from amphibus.host.processes import processes_of
from amphibus.inbox.outside_threads import OutsideThreads
from amphibus.routing.project import Project
from amphibus.routing.topology import GATEWAY
from amphibus.telemetry.app import signal_routes, signals_app
from amphibus.telemetry.logs import set_up
from amphibus.telemetry.otlp import setting_up as otlp
from amphibus.telemetry.recent_lines import RecentLines
from amphibus.telemetry.tracing import setting_up
from amphibus.transports.direct.fleet.door import Door
from amphibus.transports.direct.transport import DirectTransport
from amphibus.transports.registry import make, of_mode

_log: Any = structlog.get_logger()
AGAIN: Final = 75
"""The exit code of a process that is to be started again at once."""
_NAMED: Final = 5
_GIVE_UP_SECONDS: Final = 4.0
_START_SECONDS: Final = 20.0
"""The time that a request waits for a start."""
_MOST_WAITING: Final = 1_000


async def serve(
    project: Project,
    settings: Settings,
    modules: tuple[str, ...],
    *,
    mode: str = "monolith",
    on_ready: Callable[[Host], None] = lambda _host: None,
    sockets: Sequence[socket.socket] = (),
    again_on_change: bool = False,
) -> int:
    """Hosts modules and serves HTTP until SIGTERM or SIGINT; returns the exit code.

    With `again_on_change`, a process that its contracts keep from work ends with `AGAIN` when its code is changed.
    Where `sockets` are given, on which another process listens for us, requests that come during the start wait for it.
    """
    began = time.perf_counter()
    live = live_settings(settings, project, modules)
    settings = live.settings
    lines, tracing, exporting = _telemetry(live, modules)
    failpoints.arm()
    stop = _stop_on_signals()
    clock = clock_of(on_a_server=settings.db_url is not None)
    transport = make(of_mode(mode, settings), project.topology(), settings, clock)
    host = Host(project, settings, modules, transport=transport, clock=clock, live=live)
    host.lines = lines
    await exporting.follow(host.meters, host.supervisor)
    door, build = Door(host.topology, settings, clock), host.description.build  # as the code is now
    host.admit = handshake = handshake_of(host, door)
    if again_on_change:
        handshake.changed = lambda: build_of(project.root, modules) != build
    threads = _outside_threads(host, live)
    blocked = BlockedLoop(
        settings.bus.blocked_after_seconds,
        health=host.health,
        meters=host.meters,
        journal=host.journal,
    )
    app = _FirstSignals(host, patient=bool(sockets))
    server = HttpServer(app, settings, sockets, signals=_signals_beside(host))
    server.on_lost = stop.set  # a process that nobody can ask is begun again as a whole
    await server.start()
    host.url = server.url
    note_listening(settings.data_dir, modules, server.health_url)
    blocked.start()
    try:
        if await _unless(stop, host.start(), settings.drain_seconds + _GIVE_UP_SECONDS):
            app.everything(project)
            if isinstance(transport, DirectTransport):
                await door.close()  # it has one of its own
            _log.debug(
                "process.ready", url=server.url, seconds=round(time.perf_counter() - began, 3)
            )
            on_ready(host)
            await stop.wait()
    except CodeChanged:
        _log.info("process.changed")
        return AGAIN
    finally:
        host.health.draining()
        app.end()
        ends = time.monotonic() + settings.drain_seconds
        await server.stop()
        await host.stop(max(0.0, ends - time.monotonic()))
        await handshake.close()
        await door.close()
        blocked.stop()
        await asyncio.gather(setting_up.end(tracing), exporting.end())
    _leave(await tasks_left(), hanging=bool(threads.end()))
    return 0


def _signals_beside(host: Host) -> Any:
    """Returns what health checks are answered where the gateway itself may speak HTTPS."""
    return signals_app(host.health, host.meters) if GATEWAY in host.modules else None


def _telemetry(
    live: LiveSettings, modules: tuple[str, ...]
) -> tuple[RecentLines, setting_up.Tracing | None, otlp.Exporting]:
    settings = live.settings
    lines = set_up(settings.log_format, settings.log_level, by_module=settings.log_levels)
    keep_log_levels(live)
    tracing = setting_up.set_up(os.environ, app=settings.app, modules=modules)
    return lines, tracing, otlp.set_up(os.environ, lines, app=settings.app, modules=modules)


def _outside_threads(host: Host, live: LiveSettings) -> OutsideThreads:
    """Makes the threads of outside steps: as many as all modules and limited types may use."""
    limited = sum(len(each.limits.in_force.by_type) for each in host.modules.values())
    threads = OutsideThreads(len(host.modules) + limited, live.settings.bus, host.journal)
    live.on_change.append(lambda _changed: threads.adjust())
    return threads


def _leave(left: list[str], *, hanging: bool) -> None:
    """Ends the process at once where something would hold it up."""
    if left:
        _say_what_is_left(left)
    if left or hanging:
        leave(0)


def _say_what_is_left(names: list[str]) -> None:
    _log.warning(
        "process.warning",
        what=f"{', '.join(names[:_NAMED])} did not end when told to; the process ends all the same",
        why="a handler or an adapter catches its own cancellation",
        fix="let asyncio.CancelledError through where everything is caught",
    )


def _stop_on_signals() -> asyncio.Event:
    """Set by SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    return stop


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, None], patience: float) -> bool:
    """Does some work, or gives it up when the process is to stop; returns whether it was done."""
    doing, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait((doing, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not doing.done():
        doing.cancel()
        await asyncio.wait((doing,), timeout=patience)
        return False
    doing.result()
    return True


class _FirstSignals:
    """Serves health and metrics while the modules are opened, and everything afterwards.

    If `patient`, what else is asked for waits for that, since there was no refusal before either; some of it, and a
    while.
    """

    def __init__(self, host: Host, *, patient: bool) -> None:
        self._host = host
        self._app: Any = _first_app(host)
        self._everything = asyncio.Event()
        self._waiting = 0
        self._most = _MOST_WAITING if patient and GATEWAY in host.modules else 0
        self._signals = {route.path for route in signal_routes(host.health, host.meters)}

    def everything(self, project: Project) -> None:
        """From now on, the gateway's routes too, where it is hosted."""
        if GATEWAY in self._host.modules:
            self._app = gateway_of(self._host, project)
        self._everything.set()

    def end(self) -> None:
        """Lets nobody wait for an outcome any more."""
        end = getattr(self._app, "end", None)
        if end is not None:
            end()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI."""
        if not self._everything.is_set() and scope.get("path") not in self._signals:
            await self._wait()
        await self._app(scope, receive, send)

    async def _wait(self) -> None:
        if self._waiting >= self._most:
            return
        self._waiting += 1
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_START_SECONDS):
                    await self._everything.wait()
        finally:
            self._waiting -= 1


def _first_app(host: Host) -> Any:
    if GATEWAY not in host.modules:
        return signals_app(host.health, host.meters)
    from amphibus.gateway.app import starting_app

    return starting_app(host.health, host.meters)


def gateway_of(host: Host, project: Project) -> Any:
    """Returns the gateway's ASGI application for a host that has been started and hosts the gateway.

    Raises:
        DeclarationError: incoming webhooks and contracts do not fit together.
    """
    from amphibus.console.console import console_of
    from amphibus.console.sending import GatewayParts, Sending
    from amphibus.documents.system import system_of
    from amphibus.gateway.app import build_app
    from amphibus.gateway.incoming.endpoint import IncomingParts, incoming_routes
    from amphibus.gateway.incoming.mapping import problems_of_incoming
    from amphibus.gateway.limits.quotas import Quotas
    from amphibus.gateway.writes import Intake

    store, settings = host.accepted_store(), host.settings
    incoming = settings.incoming_webhooks
    problems = list(problems_of_incoming(incoming, project.contracts))
    if problems:
        raise DeclarationError(problems)
    refusals = host.modules[GATEWAY].refusals.counts
    door = front_door(host.root, settings, store.api_key, host.clock, refusals)
    intake = Intake(store, settings.http, Quotas(project.modules.values()))
    sending = Sending(GatewayParts(store, settings.gateway, intake))
    console = console_of(project, lambda: host.live.settings, door, host.clock, sending)
    parts = IncomingParts(store, settings.gateway, door, intake, host.clock)
    return build_app(
        store,
        settings.gateway,
        health=host.health,
        meters=host.meters,
        door=door,
        intake=intake,
        title=settings.app,
        messages=system_of(host.topology, settings),
        processes=partial(processes_of, host.topology, settings),
        incoming=incoming_routes(incoming, project.contracts, parts),
        console=console.routes,
        end=console.end,
    )
