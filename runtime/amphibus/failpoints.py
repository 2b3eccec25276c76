"""Named places where a test may kill the process: `AMPHIBUS_FAILPOINT=relay.delivered:3` kills it the third time there.

With `:raise` at the end an error is raised there instead: `task.writer:1:raise` ends a writer's task once.
Costs one comparison where nothing is armed. Every name is listed, so that a test can visit all of them.
"""

import os
import signal
from typing import Final

from amphibus.nearest import did_you_mean

FAILPOINTS: Final = (
    "accept.before_commit",
    "accept.after_commit",
    "begin",
    "outside.before",
    "outside.after",
    "handler.before",
    "handler.after",
    "commit.before",
    "commit.after",
    "delay.before",
    "delay.after",
    "retry.before",
    "dead.after",
    "timer.before",
    "relay.before_delivery",
    "relay.delivered",
    "relay.before_mark",
    "relay.marked",
    "reply.before",
    "prune.before",
    "migrate.before",
    "migrate.after",
    "stop.draining",
)

WAY_FAILPOINTS: Final = (
    "direct.before",
    "direct.safe",
    "way.unknown",
    "way.marked",
    "way.noted",
    "way.taken_back",
    "way.before_line",
    "way.in_line",
    "way.direct",
    "way.back",
)
"""Where the way of messages changes, and on the way past the broker."""

SETTING_FAILPOINTS: Final = (
    "settings.before_check",
    "settings.checked",
    "settings.kept",
    "settings.told_one",
)
"""In the command that changes a setting in all processes."""

SCHEDULE_FAILPOINTS: Final = ("schedule.before_commit",)
"""Between the command of a schedule and the commit that sends it."""

ACTING_FAILPOINTS: Final = ("operation.step",)
"""Inside a step of an operation: what it did is written, and nothing of it is committed."""

APPLICATION_FAILPOINTS: Final = (
    "application_relay.before_delivery",
    "application_relay.delivered",
    "application_relay.removed",
    "application_inbox.before_commit",
    "application_inbox.after_commit",
)
"""In an application that is not built of modules, and has an outbox and an inbox of its own."""

UPGRADE_FAILPOINTS: Final = ("upgrade.before", "upgrade.ready", "upgrade.moved")
"""In the command that brings a project to a new version: files are written, all are, and one is in its place."""

RESTORE_FAILPOINTS: Final = ("restore.replaced", "restore.read_in")
"""In the command that puts a backup in place: one file is replaced, or a server has read all of it in."""

TASK_FAILPOINTS: Final = (
    "task.writer",
    "task.relay",
    "task.scheduler",
    "task.leases",
    "task.retention",
    "task.broker",
    "task.publish",
    "task.request",
    "task.consume",
    "task.changeover",
    "task.operations",
)
"""Inside each long-lived loop, where an error ends its task."""


class FailpointError(Exception):
    """An error that a failpoint raises where it was armed so."""


class _Armed:
    name: str | None = None
    left = 0
    raises = False


def arm(setting: str | None = None) -> None:
    """Arms the failpoint of `name:nth` or `name:nth:raise`, or the environment's; none where both are empty.

    Raises:
        ValueError: there is no failpoint of that name.
    """
    setting = os.environ.get("AMPHIBUS_FAILPOINT", "") if setting is None else setting
    name, nth, how = (*setting.split(":"), "", "")[:3]
    known = (
        *FAILPOINTS,
        *WAY_FAILPOINTS,
        *SETTING_FAILPOINTS,
        *SCHEDULE_FAILPOINTS,
        *ACTING_FAILPOINTS,
        *APPLICATION_FAILPOINTS,
        *UPGRADE_FAILPOINTS,
        *RESTORE_FAILPOINTS,
        *TASK_FAILPOINTS,
    )
    if name and name not in known:
        message = f"no failpoint '{name}'; there are {', '.join(known)}{did_you_mean(name, known)}"
        raise ValueError(message)
    _Armed.name = name or None
    _Armed.left = int(nth or 1)
    _Armed.raises = how == "raise"


def failpoint(name: str) -> None:
    """Kills this process, as a power failure would, if this place is armed and due.

    Raises:
        FailpointError: it is armed to raise.
    """
    if name == _Armed.name:
        _Armed.left -= 1
        if _Armed.left == 0:
            if _Armed.raises:
                raise FailpointError(name)
            os.kill(os.getpid(), signal.SIGKILL)
