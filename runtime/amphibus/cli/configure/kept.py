"""The control store as commands use it, and the settings as they are with what it holds."""

import asyncio
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from amphibus.cli import options
from amphibus.cli.output import check_module
from amphibus.cli.places import known_names
from amphibus.config.live import LiveSettings
from amphibus.config.proposal import unknown as unknown_setting
from amphibus.database.control.revisions import NOTHING, Revision
from amphibus.errors import AmphibusError, ConfigError

if TYPE_CHECKING:
    from amphibus.config.settings import Settings


class ControlStore(Protocol):
    """The control store, to be read and written."""

    async def latest(self) -> Revision:
        """Returns the newest revision."""
        ...

    async def revisions(self, limit: int) -> list[Revision]:
        """Returns the revisions, newest first."""
        ...

    async def make(self) -> None:
        """Makes it where there is none."""
        ...

    async def commit(self, wanted: Revision) -> None:
        """Adds a revision, or says that another one came before."""
        ...

    async def now(self) -> int:
        """Returns the time by its clock."""
        ...


def control_of(settings: "Settings") -> ControlStore:
    """Returns the control store of the system that these settings lead to."""
    if settings.db_url is None:
        from amphibus.database.control.file import FileControl

        return FileControl(settings.data_dir)
    from amphibus.admin.server import connected
    from amphibus.database.control.server import ServerControl

    return ServerControl(partial(connected, settings.db_url.get_secret_value()))


def live_settings(settings: "Settings") -> LiveSettings:
    """Returns the settings as the processes have them, with those of all modules whose code is here."""
    from amphibus.host.live.adjusting import models_of

    return LiveSettings(settings, models_of(options.project().modules.values()))


def as_typed(value: Any) -> Any:
    """Returns a value as it is typed."""
    return str(value).lower() if isinstance(value, bool) else value


def check_name(key: str, live: LiveSettings) -> None:
    """Refuses a key of a module that there is not, or that has no settings.

    Raises:
        ConfigError, CommandError: it is one.
    """
    table, _, rest = key.partition(".")
    module = rest.partition(".")[0]
    names = known_names(options.root())
    if table in ("modules", "log_levels"):
        check_module(module, sorted(names))
    here = options.project().modules
    if table == "modules" and module in here and here[module].settings is None:
        raise ConfigError(*unknown_setting(key, live.known))


def with_live_values(settings: "Settings") -> "tuple[Settings, dict[str, str]]":
    """Returns the settings as they are with what was set while the system ran, and who set what; a note if unknown."""
    live, why, latest = LiveSettings(settings), "", NOTHING
    try:
        latest = asyncio.run(control_of(settings).latest())
        if latest.settings:
            live = live_settings(settings)
            live.take(live.fitting(latest.settings))
    except AmphibusError as error:
        why = error.line
    if why:
        print(f"note  what was set while the system ran is not known: {why}", file=sys.stderr)
    return live.settings, dict.fromkeys(live.values, f"live, revision {latest.revision}")
