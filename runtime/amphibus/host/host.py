"""One process that hosts modules: opened together, stopped gracefully."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from amphibus import failpoints
from amphibus.clock import Clock, clock_of
from amphibus.config.live import LiveSettings
from amphibus.config.settings import Settings
from amphibus.database.facts import last_transport
from amphibus.errors import ConfigError
from amphibus.gateway.accepted_store import AcceptedStore
from amphibus.host.description import Description
from amphibus.host.ending import Ending, say_left
from amphibus.host.live.adjusting import control_of, keep_adjusted, live_settings
from amphibus.host.live.following import Following
from amphibus.host.module_host import ModuleHost, all_idle
from amphibus.host.opening import join, open_database
from amphibus.host.own_contracts import OwnContracts
from amphibus.host.steering.forgetting import forget
from amphibus.host.transport_switch import leave_the_broker, remember_transport
from amphibus.host.wiring import ModuleServices
from amphibus.messages.contracts.amphibus.answers import LogLines
from amphibus.messages.contracts.amphibus.v1 import (
    CountHandled,
    DescribeProcess,
    ForgetPerson,
    ListLines,
    ShowForms,
    TellContracts,
)
from amphibus.nearest import did_you_mean
from amphibus.routing.project import Project
from amphibus.routing.topology import GATEWAY
from amphibus.supervision import Supervisor
from amphibus.telemetry.handled import count_handled
from amphibus.telemetry.health import Health
from amphibus.telemetry.metrics import Meters
from amphibus.telemetry.recent_lines import RecentLines
from amphibus.transport import Transport
from amphibus.transports.registry import KEEPING, make
from amphibus.unit_of_work.crash_journal import CrashJournal
from amphibus.unit_of_work.isolation import Isolation

_log: Any = structlog.get_logger()
_INTAKE_SECONDS = 0.5
_TRANSPORT_SECONDS = 1.5
_MODULES_SECONDS = 3.1
_CLOSING_SECONDS = 4.6
"""The time that a stop takes after it has drained, at most."""


class Host:
    """A `Service`: the modules of one process, on one loop."""

    def __init__(
        self,
        project: Project,
        settings: Settings,
        names: tuple[str, ...],
        *,
        transport: Transport | None = None,
        clock: Clock | None = None,
        containers: Mapping[str, Any] | None = None,
        live: LiveSettings | None = None,
    ) -> None:
        unknown = [name for name in names if name not in project.modules]
        if unknown:
            raise ConfigError(
                f"no module {', '.join(unknown)}",
                f"there are {', '.join(project.modules)}"
                + did_you_mean(unknown[0], project.modules),
                "amphibus modules",
            )
        self.live = live or live_settings(settings, project, names)
        settings = self.settings = self.live.settings
        self.health = Health()
        self.meters = Meters()
        self.health.on_task_restart = self.meters.task_restarted
        self.health.on_asked = self.meters.asked
        self.health.on_stranger = self.meters.stranger
        self.supervisor = Supervisor(self.health)
        self.clock = clock or clock_of(on_a_server=settings.db_url is not None)
        topology = project.topology()
        self.transport = transport or make("memory", topology, settings, self.clock)
        # One journal for each set of modules, so that two processes on one folder keep apart.
        self.journal = CrashJournal(settings.data_dir / f"crash-{names[0]}.journal")
        self._around = ModuleServices(
            project=project,
            settings=settings,
            topology=topology,
            transport=self.transport,
            clock=self.clock,
            journal=self.journal,
            isolation=Isolation(),
            meters=self.meters,
            health=self.health,
            supervisor=self.supervisor,
        )
        given = containers or {}
        self.modules = {
            name: ModuleHost(project.modules[name], self._around, container=given.get(name))
            for name in names
        }
        self.description = Description(self._around, self.modules, lambda: self.url)
        self.lines = RecentLines()
        self.contracts = OwnContracts(project, topology, names, settings)
        self.following = Following(
            self.live,
            control_of(settings, self.modules.values()),
            [*self.modules.values()],
            health=self.health,
            supervisor=self.supervisor,
        )
        self.description.settings_revision = lambda: self.following.revision
        keep_adjusted(self.live, self.modules.values())
        for name, hosted in self.modules.items():
            hosted.receiver.system.of_process = {
                DescribeProcess: self.description,
                TellContracts: self.contracts.tell,
                ShowForms: self.contracts.show,
                ListLines: self._lines,
                ForgetPerson: partial(forget, hosted.module, hosted.container),
                CountHandled: partial(count_handled, self.meters),
                **self.following.answers,
            }
            hosted.store.health.on_change = partial(self.health.tell, name)
        self.admit: Callable[[], Awaitable[None]] = _at_once
        """Returns once this process may take work; its databases are open, and nothing in them is changed yet."""
        self.url = ""
        self._opened: list[ModuleHost] = []
        self._started = asyncio.Event()
        self._begun = False
        self._stopped = False

    async def _lines(self, asked: ListLines) -> LogLines:
        return await self.lines.tell(asked)

    @property
    def root(self) -> Path:
        """The folder of the project."""
        return self._around.project.root

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
            ids=hosted.request_ids(),
        )

    async def start(self) -> None:
        """Opens every database, then takes messages. A second start does nothing.

        Raises:
            StoreError: a database cannot be used; those that were opened are closed again.
        """
        if self._begun:
            return
        self._begun = True
        self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        try:
            for hosted in self.modules.values():
                await open_database(hosted, self.health)
                self._opened.append(hosted)
            await self.admit()
            for hosted in self.modules.values():
                await join(hosted, self.health)
            self.journal.open()
            await self.following.begin()
            for hosted in self.modules.values():
                await hosted.routes.begin()
            await self._switch_mode()
            await self._take_messages()
        except BaseException:
            await self.stop()
            raise
        if since := self.settings.fallback_since:
            self.health.degrade("broker", f"away since {since}; messages go directly")
        await self.following.start()
        self.health.started()
        self._started.set()

    async def _take_messages(self) -> None:
        for hosted in self.modules.values():
            await hosted.receiver.clear_suspects()
            await hosted.start()
        await self.transport.open(self.health)
        for hosted in self.modules.values():
            hosted.relay.wake()

    async def started(self) -> None:
        """Returns once all modules take messages."""
        await self._started.wait()

    async def _switch_mode(self) -> None:
        """Takes over the messages that another mode left waiting."""
        now = self.transport.name
        last = {
            name: await last_transport(hosted.store.reader) for name, hosted in self.modules.items()
        }
        changed = [hosted for name, hosted in self.modules.items() if last[name] != now]
        if now not in KEEPING and KEEPING.intersection(last.values()):
            # A module that never ran over the broker may have messages there too.
            await leave_the_broker(
                list(self.modules.values()),
                topology=self._around.topology,
                settings=self.settings,
                clock=self.clock,
                health=self.health,
            )
        for hosted in changed:
            await remember_transport(hosted, now)

    async def stop(self, within: float | None = None) -> None:
        """Stops intake, finishes running work within `drain_seconds` or these, closes the databases.

        Returns in time, whatever hangs; see `ending`.
        """
        if self._stopped:
            return
        self._stopped = True
        self.health.draining()
        failpoints.failpoint("stop.draining")
        drain = self.settings.drain_seconds if within is None else within
        ends, ending = time.monotonic() + drain, Ending(drain + _CLOSING_SECONDS)
        intake = max(_INTAKE_SECONDS, drain / 2)
        if not await ending.step("the intake", self._stop_intake(), within=intake):
            say_left("the intake", intake)
        seconds = max(0.0, ends - time.monotonic())
        if not await ending.step("running work", self._drain(), within=seconds):
            self._say_what_is_unfinished()
        closed = await ending.step(
            "the transport", self.transport.close(), within=_TRANSPORT_SECONDS
        )
        if not closed:
            say_left("the transport", _TRANSPORT_SECONDS)
        # Who took over now would get later messages before those that the broker still counts as ours.
        stopping = self._stop_modules(give_back=closed)
        if not await ending.step("the modules", stopping, within=_MODULES_SECONDS):
            say_left("the modules", _MODULES_SECONDS)
        self.journal.close()

    async def _stop_intake(self) -> None:
        """Of all at once, so that one which hangs takes no time from the others."""
        stops = (self.following.stop(), *(hosted.stop_intake() for hosted in self._opened))
        await asyncio.gather(*stops)

    async def _stop_modules(self, *, give_back: bool = True) -> None:
        """All at once, too."""
        await asyncio.gather(*(hosted.stop(give_back=give_back) for hosted in self._opened))

    async def _drain(self) -> None:
        for hosted in self._opened:
            await hosted.drain()
        await self.transport.finish()
        for hosted in self._opened:
            await hosted.finish()

    def _say_what_is_unfinished(self) -> None:
        unfinished = sum(hosted.receiver.in_flight for hosted in self._opened)
        _log.warning(
            "process.warning",
            what=f"{unfinished} messages were not finished within drain_seconds",
            why="they are in their outboxes and are handled at the next start",
            fix="nothing, or a longer --drain",
        )

    async def idle(self) -> bool:
        """Returns whether nothing is under way in any module, or on its way to one."""
        return await self.transport.idle() and await all_idle([*self.modules.values()])

    def wake(self) -> None:
        """Makes every module look at once for due and undelivered messages."""
        for hosted in self.modules.values():
            hosted.due.wake()
            hosted.limits.wake()
            hosted.relay.wake()


async def _at_once() -> None:
    """Admits a process that compares itself with nobody, as in a test."""
