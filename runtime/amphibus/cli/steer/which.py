"""The process that a business key means, with its way until here."""

from collections.abc import Iterator
from typing import Annotated

from cyclopts import Parameter

from amphibus.admin.flows import flow
from amphibus.admin.standing import Narrowed, standing
from amphibus.admin.views import Views
from amphibus.cli import options
from amphibus.cli.look.logs import story
from amphibus.cli.output import (
    CommandError,
)
from amphibus.messages.contracts.amphibus.answers import ProcessStanding
from amphibus.messages.contracts.amphibus.v1 import FindFlow
from amphibus.process import Process

OfModule = Annotated[str | None, Parameter(help="The module, if several have processes.")]


def all_processes() -> Iterator[tuple[str, Process]]:
    """Yields every process of the project, with its module."""
    from amphibus.routing.topology import processes_of

    for name, module in options.project().modules.items():
        for each in processes_of(module):
            yield name, each


def owner_of(process: Process) -> str:
    """Returns the module of a process."""
    return next(name for name, each in all_processes() if each is process)


async def standing_with(
    key: str, module: str | None, views: Views
) -> list[tuple[Process, ProcessStanding]]:
    """Returns the processes of a key that have not ended, of one module or of all."""
    return [
        (process, each)
        for name, process in _asked(module, views)
        async for each in standing(views[name], process, Narrowed(key=key))
    ]


async def whole(
    key: str, module: str | None, views: Views
) -> tuple[list[tuple[Process, ProcessStanding]], list[str], str]:
    """Returns the processes of a key that have not ended, their way until here as lines, and their flow."""
    found = await standing_with(key, module, views)
    flow_id = ""
    for name, _ in _asked(module, views):
        if not flow_id:
            flow_id = (await views[name].ask(FindFlow(key=key))).correlation
    if not flow_id:
        return found, [], ""
    roots = await flow(views, flow_id, destinations=options.destinations())
    return found, story(roots) if roots else [], flow_id


def _asked(module: str | None, views: Views) -> list[tuple[str, Process]]:
    return [each for each in all_processes() if each[0] in views and module in (None, each[0])]


def no_process(key: str) -> CommandError:
    """The error for a key that means none."""
    return CommandError(
        f"no process {key}",
        "none that has not ended has this key, and no flow began with it",
        "amphibus processes list orders",
    )
