"""The process that a business key means, with its way until here."""

from collections.abc import Iterator
from typing import Annotated

from cyclopts import Parameter

from amphibus.admin.flows import flow
from amphibus.admin.views import Views
from amphibus.cli import options
from amphibus.cli.look.logs import story
from amphibus.cli.output import (
    CommandError,
)
from amphibus.cli.steer.standing import Narrowed, standing
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


async def whole(
    key: str, module: str | None, views: Views
) -> tuple[list[tuple[Process, ProcessStanding]], list[str], str]:
    """Returns the processes of a key that have not ended, their way until here as lines, and their flow."""
    found: list[tuple[Process, ProcessStanding]] = []
    flow_id = ""
    for name, process in all_processes():
        if name in views and module in (None, name):
            found += [
                (process, each) async for each in standing(views[name], process, Narrowed(key=key))
            ]
            began = await views[name].ask(FindFlow(key=key))
            flow_id = flow_id or began.correlation
    if not flow_id:
        return found, [], ""
    roots = await flow(views, flow_id, destinations=options.destinations())
    return found, story(roots) if roots else [], flow_id


def no_process(key: str) -> CommandError:
    """The error for a key that means none."""
    return CommandError(
        f"no process {key}",
        "none that has not ended has this key, and no flow began with it",
        "amphibus processes list orders",
    )
