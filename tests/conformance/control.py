"""The control store of the tiny business, written as the command does."""

from functools import partial
from typing import Any

from amphibus.admin.server import connected
from amphibus.cli.configure.kept import ControlStore
from amphibus.database.control.file import FileControl
from amphibus.database.control.revisions import Revision
from amphibus.database.control.server import ServerControl
from amphibus.testing.conformance.office import Office


def control_of(office: Office) -> ControlStore:
    """Where it is kept, as the command has it."""
    if office.db_url is None:
        return FileControl(office.data)
    return ServerControl(partial(connected, office.db_url))


async def keep(office: Office, **settings: Any) -> int:
    """Keeps settings, with two underscores for a dot; returns the revision."""
    values = {key.replace("__", "."): value for key, value in settings.items()}
    control = control_of(office)
    await control.make()
    latest = (await control.latest()).revision
    changes = {key: (None, value) for key, value in values.items()}
    await control.commit(Revision(latest + 1, latest, 0, "ada@desk", "a test", changes, values))
    return latest + 1
