"""The table of the screens, and of the forms on them, by path below `/console`."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.responses import Response

from amphibus.console.acts import letters as letter_acts
from amphibus.console.acts import operations as operation_acts
from amphibus.console.screens import failed, home, operations, stories
from amphibus.console.visit import Visit

Screen = Callable[[Visit], Awaitable[Response]]

SCREENS: Final[Mapping[str, Screen]] = {
    "": home.show,
    "/failed": failed.groups,
    "/failed/{module}": failed.letters,
    "/failed/{module}/{seq}": failed.letter,
    "/stories": stories.newest,
    "/stories/{id}": stories.story,
    "/operations": operations.newest,
    "/operations/{id}": operations.one,
}
ACTS: Final[Mapping[str, Screen]] = {
    "/failed/{module}/letters": letter_acts.on_one,
    "/failed/{module}/operations": operation_acts.begin,
    "/operations/{id}": operation_acts.steer,
}
