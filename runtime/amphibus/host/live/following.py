"""Follows the control store: what is set while the system runs is taken in by each process, whole or not at all.

A process looks twice a second, and at once when it is told to. So one that was frozen or cut off catches up as soon as
it goes on. What it uses it writes down in its modules' stores, for a start while the control store is away.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import structlog

from amphibus.config.live import LiveSettings, as_text, from_text
from amphibus.config.masking import shown
from amphibus.database.control.revisions import NOTHING, Control, Revision
from amphibus.database.facts import note_settings, settings_noted
from amphibus.errors import ConfigError
from amphibus.host.module_host import ModuleHost
from amphibus.messages.contracts.amphibus.settings import (
    SettingRefused,
    SettingsChecked,
    SettingsInForce,
)
from amphibus.messages.contracts.amphibus.v1 import CheckSettings, TakeSettings, TellSettings
from amphibus.supervision import Supervisor
from amphibus.telemetry.health import Health
from amphibus.telemetry.privacy import describe
from amphibus.unit_of_work.transaction import Transaction

_log: Any = structlog.get_logger()
_LOOK_SECONDS: Final = 0.5
_NAME: Final = "settings"


class Following:
    """A `Service`. `begin` before messages are taken, once the modules' stores are open."""

    def __init__(
        self,
        live: LiveSettings,
        control: Control,
        modules: Sequence[ModuleHost],
        *,
        health: Health,
        supervisor: Supervisor,
    ) -> None:
        self._live = live
        self._control = control
        self._modules = modules
        self._health = health
        self._task = supervisor.task("settings", self._work)
        self._wake = asyncio.Event()
        self._problem = ""
        self._noted: dict[str, int] = {}
        """The revision that the store of each module has."""
        self._writing: set[str] = set()
        """The modules whose stores are about to have another one."""
        self.revision = 0
        """The one in force."""
        self.answers: Mapping[type[Any], Any] = {
            TellSettings: self._tell,
            CheckSettings: self._check,
            TakeSettings: self._take,
        }

    async def begin(self) -> None:
        """Takes in what is set now; where nobody can say that, what was in force last.

        Raises:
            Exception: of a module's database.
        """
        last = await self._last_known()
        if last.revision:
            self._tried(last, whatever_fits=True)
        await self.look(whatever_fits=True)

    async def start(self) -> None:
        """Begins to look."""
        await self._task.start()

    async def started(self) -> None:
        """Returns once it looks."""
        await self._task.started()

    async def stop(self) -> None:
        """Ends."""
        await self._task.stop()

    async def look(self, *, whatever_fits: bool = False) -> None:
        """Takes in what is set now. What stands against it is told, and all stays as it is.

        Of what cannot be used, a process that begins takes `whatever_fits`: it has nothing better.
        """
        try:
            latest = await self._control.latest()
        except Exception as error:  # noqa: BLE001 - what is known holds on
            why = f"the control store cannot be read: {describe(error)}"
            self._say(f"{why}; revision {self.revision} stays in force")
            return
        if latest.revision == self.revision:
            self._say("")
        elif latest.revision < self.revision:
            self._say(
                f"the control store is at revision {latest.revision} and was at {self.revision}, which stays in"
                " force: it was put back from a copy, and the next change begins with what is in force"
            )
        else:
            self._say(self._tried(latest, whatever_fits=whatever_fits))

    def _tried(self, latest: Revision, *, whatever_fits: bool) -> str:
        """Returns why a revision cannot be used, also where a validator of the project fails at it."""
        try:
            return self._use(latest, whatever_fits=whatever_fits)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - code of the project
            return f"revision {latest.revision} cannot be used here: {describe(error)}"

    def _use(self, latest: Revision, *, whatever_fits: bool) -> str:
        """Returns why a revision cannot be used; nothing if it is in force now."""
        problem, values = "", latest.settings
        if wrong := self._live.problems(values):
            problem = (
                f"revision {latest.revision} cannot be used here: {wrong[0].what}: {wrong[0].why}"
            )
            if not whatever_fits:
                return problem
            values = self._live.fitting(values)
        try:
            self._live.take(values)
        except ConfigError as error:
            return problem or error.line
        self.revision = latest.revision
        for key, (before, after) in latest.changes.items():
            _log.info(
                "settings.changed",
                setting=key,
                before=shown(key, before),
                after=shown(key, after),
                revision=latest.revision,
                who=latest.who,
                why=latest.why,
            )
        return problem

    def _say(self, problem: str) -> None:
        if problem == self._problem:
            return
        self._problem = problem
        self._health.degrade(_NAME, problem)
        if problem:
            _log.warning("settings.kept", why=problem)

    async def _last_known(self) -> Revision:
        """Returns the newest settings that a store here has written down."""
        newest = NOTHING
        for hosted in self._modules:
            noted = await settings_noted(hosted.store.reader)
            if noted is not None:
                found = SettingsInForce.model_validate_json(noted)
                self._noted[hosted.name] = found.revision
                if found.revision > newest.revision:
                    newest = NOTHING._replace(
                        revision=found.revision, settings=from_text(found.settings)
                    )
        return newest

    async def _work(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._wake.wait()
            self._wake.clear()
            await self.look()
            self._note()

    def _note(self) -> None:
        """Has each store write down what is in force; one that is away gets it later, and nobody waits for it."""
        for hosted in self._modules:
            name = hosted.name
            if self._noted.get(name, 0) < self.revision and name not in self._writing:
                self._writing.add(name)
                job = partial(_write_down, self._in_force().model_dump_json())
                written = partial(self._written, name, self.revision)
                hosted.writer.submit(job).add_done_callback(written)

    def _written(self, name: str, revision: int, future: "asyncio.Future[None]") -> None:
        self._writing.discard(name)
        if not future.cancelled() and future.exception() is None:
            self._noted[name] = revision

    def _in_force(self) -> SettingsInForce:
        settings = as_text(self._live.values)
        return SettingsInForce(revision=self.revision, settings=settings, problem=self._problem)

    async def _tell(self, _asked: TellSettings) -> SettingsInForce:
        return self._in_force()

    async def _take(self, _wanted: TakeSettings) -> SettingsInForce:
        await self.look()
        self._wake.set()
        return self._in_force()

    async def _check(self, asked: CheckSettings) -> SettingsChecked:
        """Says what would stand against these settings, and what it can read where they will be kept.

        Raises:
            Exception: it cannot read there, so it would not come to know of them.
        """
        latest = await self._control.latest()
        found = self._live.problems(from_text(asked.settings))
        problems = tuple(SettingRefused(**each._asdict()) for each in found)
        return SettingsChecked(revision=latest.revision, problems=problems)


async def _write_down(text: str, transaction: Transaction) -> None:
    await note_settings(transaction.sql, text)
