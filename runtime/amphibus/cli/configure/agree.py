"""The change of settings in all processes of a system: all are asked first, then it is kept at one stroke.

What is kept in the control store is what counts. A command that dies before that has changed nothing; one that dies
after it has changed everything, as each process looks there twice a second.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from amphibus.access.operator import user_name
from amphibus.cli.configure.kept import ControlStore, control_of
from amphibus.cli.configure.newest import newest
from amphibus.cli.output import CommandError, Exit
from amphibus.cli.views import found_fleet
from amphibus.config.live import LiveSettings, as_text
from amphibus.config.masking import shown
from amphibus.config.proposal import Values
from amphibus.database.control.revisions import Revision
from amphibus.errors import ConfigError, OwnerAway, RequestError
from amphibus.failpoints import failpoint
from amphibus.messages.contracts.amphibus.settings import SettingsInForce
from amphibus.messages.contracts.amphibus.v1 import CheckSettings, TakeSettings, TellSettings
from amphibus.transports.direct.directory import PeerAddress
from amphibus.transports.direct.fleet.asking import one_of_each_process

if TYPE_CHECKING:
    from amphibus.config.settings import Settings
    from amphibus.transports.direct.fleet.asking import Fleet

_PATIENCE_SECONDS: Final = 2.0
_CHECK_SECONDS: Final = 5.0


class Process(NamedTuple):
    """One process, as it announced itself."""

    modules: tuple[str, ...]
    address: PeerAddress

    def __str__(self) -> str:
        """The process as people know it."""
        return f"{', '.join(self.modules)} at {self.address.host}:{self.address.port}"


class Agreed(NamedTuple):
    """A change that was made, or would be."""

    revision: Revision
    took: list[str]
    """The processes that use it by now."""
    later: dict[str, str]
    """The processes that do not yet, and why."""


class Wanted(NamedTuple):
    """A change that somebody wants."""

    make: Callable[[Revision], Awaitable[Values]]
    """Returns all live settings as they shall be, from those that are in force."""
    why: str
    dry_run: bool = False


async def agree(settings: "Settings", live: LiveSettings, wanted: Wanted) -> Agreed | None:
    """Changes settings everywhere or nowhere; None if nothing would be different.

    Raises:
        ConfigError: a process, or we, cannot use them; nothing was changed.
        Overtaken: somebody else has changed something meanwhile; nothing was changed.
        CommandError: a process cannot say whether it could use them; nothing was changed.
        StoreError: the control store cannot be used.
    """
    control = control_of(settings)
    latest = await control.latest()
    async with found_fleet(settings) as (fleet, addresses):
        processes = [] if fleet is None else _processes(addresses)
        told, silent = await _told(fleet, processes)
        base = await newest(settings, latest, list(told.values()))
        live.take(live.fitting(base.settings))
        values = await wanted.make(base)
        if values == base.settings and base is latest:
            return None
        if problems := live.problems(values):
            raise ConfigError(*problems[0])
        revision = await _revision(control, live, base, latest, values, wanted.why)
        if wanted.dry_run:
            await _check(fleet, list(told), revision, reads=None)
            return Agreed(revision, [], {})
        await control.make()
        failpoint("settings.before_check")
        await _check(fleet, list(told), revision, reads=latest.revision)
        failpoint("settings.checked")
        await control.commit(revision)
        failpoint("settings.kept")
        took, later = await _tell(fleet, list(told), revision)
        return Agreed(revision, took, {**later, **silent})


async def _revision(
    control: ControlStore,
    live: LiveSettings,
    base: Revision,
    latest: Revision,
    values: Values,
    why: str,
) -> Revision:
    before = {key: live.value(key) for key in base.settings.keys() | values.keys()}
    live.take(values)
    changes = {
        key: (_kept(key, before[key]), _kept(key, live.value(key)))
        for key in sorted(before)
        if base.settings.get(key) != values.get(key)
    }
    return Revision(
        revision=max(base.revision, latest.revision) + 1,
        previous=latest.revision,
        at=await control.now(),
        who=f"{user_name()} on {socket.gethostname()}",
        why=why,
        changes=changes,
        settings=dict(values),
    )


def _kept(key: str, value: Any) -> Any:
    """Returns a value as it is written down for those who look later."""
    found = shown(key, value)
    return found if isinstance(found, str | int | float | bool | None | list | dict) else str(found)


def _processes(addresses: list[PeerAddress]) -> list[Process]:
    return [
        Process(tuple(each.module for each in some), some[0])
        for some in one_of_each_process(addresses).values()
    ]


async def _told(
    fleet: "Fleet | None", processes: list[Process]
) -> tuple[dict[Process, SettingsInForce], dict[str, str]]:
    """Asks all what they use. Returns that, and who is there and says nothing; those that are gone are none."""
    told: dict[Process, SettingsInForce] = {}
    silent: dict[str, str] = {}

    async def ask(process: Process) -> None:
        assert fleet is not None
        try:
            told[process] = await fleet.ask(
                process.address, TellSettings(), seconds=_PATIENCE_SECONDS
            )
        except OwnerAway:
            pass
        except RequestError as error:
            silent[str(process)] = error.what

    await asyncio.gather(*map(ask, processes))
    return told, silent


async def _check(
    fleet: "Fleet | None", processes: list[Process], revision: Revision, *, reads: int | None
) -> None:
    """Asks all whether they can use it, and whether they will see it where it is kept."""
    asked = CheckSettings(settings=as_text(revision.settings))

    async def ask(process: Process) -> None:
        assert fleet is not None
        try:
            checked = await fleet.ask(process.address, asked, seconds=_CHECK_SECONDS)
        except RequestError as error:
            raise _not_checked(process, error.why or error.what) from error
        for each in checked.problems:
            raise ConfigError(f"{process}: {each.what}", each.why, each.fix)
        if reads is not None and checked.revision < reads:
            raise _not_checked(process, f"it reads revision {checked.revision}, not {reads}")

    await asyncio.gather(*map(ask, processes))


def _not_checked(process: Process, why: str) -> CommandError:
    return CommandError(
        f"{process} cannot say whether it could use that; nothing was changed",
        why,
        "amphibus ps",
        Exit.UNREACHABLE,
    )


async def _tell(
    fleet: "Fleet | None", processes: list[Process], revision: Revision
) -> tuple[list[str], Mapping[str, str]]:
    """Tells all that there is something new. Who does not hear of it looks by itself."""
    took: list[str] = []
    later: dict[str, str] = {}

    async def ask(process: Process) -> None:
        assert fleet is not None
        try:
            used = await fleet.ask(process.address, TakeSettings(), seconds=_PATIENCE_SECONDS)
        except RequestError as error:
            later[str(process)] = error.what
            return
        failpoint("settings.told_one")
        if used.revision >= revision.revision:
            took.append(str(process))
        else:
            later[str(process)] = used.problem

    await asyncio.gather(*map(ask, processes))
    return took, later
