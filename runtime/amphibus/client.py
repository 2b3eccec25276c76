"""The door for programs beside a running system: start one, follow a message through it, show what came of it.

`amphibus demo` is such a program. What is here may be used from outside; the rest of the command line may not.
"""

from amphibus.cli.broker.own import own_broker
from amphibus.cli.http import reaching, refusal, start_of
from amphibus.cli.look.console import console_link
from amphibus.cli.look.follow import Followed, follow
from amphibus.cli.options import DataDir, base_url, data_dir, project, root, settings
from amphibus.cli.output import (
    BOLD,
    GREEN,
    RED,
    YELLOW,
    CommandError,
    Exit,
    paint,
    progress,
    show_columns,
    typed,
)
from amphibus.cli.run.instance import Instance, instance
from amphibus.cli.run.running import noted_address, same_place
from amphibus.cli.run.take_down import supervised_process, taken_down
from amphibus.config.addresses import is_loopback, local_url

__all__ = [
    "BOLD",
    "GREEN",
    "RED",
    "YELLOW",
    "CommandError",
    "DataDir",
    "Exit",
    "Followed",
    "Instance",
    "base_url",
    "console_link",
    "data_dir",
    "follow",
    "instance",
    "is_loopback",
    "local_url",
    "noted_address",
    "own_broker",
    "paint",
    "progress",
    "project",
    "reaching",
    "refusal",
    "root",
    "same_place",
    "settings",
    "show_columns",
    "start_of",
    "supervised_process",
    "taken_down",
    "typed",
]
