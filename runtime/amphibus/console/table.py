"""The table of the screens, and of the forms on them, by path below `/console`."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.responses import Response

from amphibus.console.acts import correcting as on_correcting
from amphibus.console.acts import letters as on_letters
from amphibus.console.acts import operations as on_operations
from amphibus.console.acts import steering
from amphibus.console.acts import trying as on_trying
from amphibus.console.screens import (
    audit,
    configuration,
    contracts,
    correcting,
    failed,
    handlers,
    home,
    logs,
    managers,
    messages,
    operations,
    processes,
    queues,
    schedules,
    stories,
    trying,
)
from amphibus.console.visit import Visit

Screen = Callable[[Visit], Awaitable[Response]]

SCREENS: Final[Mapping[str, Screen]] = {
    "": home.show,
    "/failed": failed.groups,
    "/failed/{module}": failed.letters,
    "/failed/{module}/letters/{seq}": failed.letter,
    "/failed/{module}/letters/{seq}/edit": correcting.edit,
    "/stories": stories.newest,
    "/stories/{id}": stories.story,
    "/messages": messages.show,
    "/handlers": handlers.show,
    "/logs": logs.show,
    "/operations": operations.newest,
    "/operations/{id}": operations.one,
    "/processes": processes.show,
    "/managers": managers.show,
    "/managers/{module}/{key}": managers.one,
    "/queues": queues.show,
    "/schedules": schedules.show,
    "/contracts": contracts.everything,
    "/contracts/{type}": contracts.one,
    "/try": trying.everything,
    "/try/{type}": trying.one,
    "/configuration": configuration.show,
    "/audit": audit.show,
}
ACTS: Final[Mapping[str, Screen]] = {
    "/failed/{module}/letters": on_letters.on_one,
    "/failed/{module}/letters/{seq}/edit": on_correcting.on_form,
    "/failed/{module}/operations": on_operations.begin,
    "/operations/{id}": on_operations.steer,
    "/modules/{module}": steering.on_module,
    "/schedules/{module}/{name}": steering.on_schedule,
    "/managers/{module}/{key}": steering.on_process,
    "/try/{type}": on_trying.on_form,
}
