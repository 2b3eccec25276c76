"""The newest settings that anybody knows: the control store may be gone, or put back from an old copy."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from amphibus.cli import options
from amphibus.config.live import from_text
from amphibus.database.control.revisions import NOTHING, Revision
from amphibus.errors import AmphibusError
from amphibus.messages.contracts.amphibus.settings import SettingsInForce
from amphibus.messages.contracts.amphibus.v1 import TellSettings

if TYPE_CHECKING:
    from amphibus.config.settings import Settings


async def newest(
    settings: "Settings", latest: Revision, told: Sequence[SettingsInForce]
) -> Revision:
    """Returns the newest revision: of the control store, else of a process, else of a module's store at rest."""
    found = list(told) or await _at_rest(settings)
    best = max(found, key=lambda each: each.revision, default=None)
    if best is None or best.revision <= latest.revision:
        return latest
    print(
        f"note  the control store is at revision {latest.revision}; goes on from revision {best.revision}, which"
        " was in force",
        file=sys.stderr,
    )
    return NOTHING._replace(revision=best.revision, settings=from_text(best.settings))


async def _at_rest(settings: "Settings") -> list[SettingsInForce]:
    from amphibus.admin.database import databases
    from amphibus.admin.stores import files, schemas
    from amphibus.admin.views import at_rest
    from amphibus.cli.places import known_names

    partitions = settings.bus.partitions
    try:
        if settings.db_url is None:
            stores = files(databases(settings.data_dir), partitions)
        else:
            url = settings.db_url.get_secret_value()
            stores = await schemas(url, sorted(known_names(options.root())), partitions)
        async with at_rest(stores) as views:
            return [await view.ask(TellSettings()) for view in views.values()]
    except AmphibusError:
        return []  # no module has run with this data yet, or it was written by another version
