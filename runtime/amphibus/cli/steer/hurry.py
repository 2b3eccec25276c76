"""`amphibus processes expire` and `cancel`: ends a process that is stuck, as its module would."""

from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from amphibus.admin.standing import waits_for
from amphibus.cli import options
from amphibus.cli.operator import operator, reasoned
from amphibus.cli.output import CommandError, Exit, show_json
from amphibus.cli.steer.which import OfModule, no_process, owner_of, standing_with
from amphibus.cli.views import act, look
from amphibus.database.timers import NEVER
from amphibus.messages.contracts.amphibus.answers import ProcessStanding
from amphibus.messages.contracts.amphibus.v1 import CancelProcess, ExpireProcess
from amphibus.process import Process

_Reason = Annotated[
    str, Parameter(help="Why; it is logged by the module, and stands in its audit.")
]


def expire(
    key: str,
    *,
    reason: _Reason,
    module: OfModule = None,
    dry_run: options.DryRun = False,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Let the deadline of a process run out now: what is to be done then is done, and undone what must be.

    Example: amphibus processes expire 74eda2bf-2087-5bfc-aaaf-7ff4216c8a87 --reason "the provider lost it"

    Args:
        key: Its business key, such as an order id.
    """
    reason = _given(reason)
    found = _found(key, module, data_dir, db)
    names: dict[str, list[str]] = {}
    for process, each in found:
        due = [deadline.name for deadline in each.deadlines if deadline.due < NEVER]
        if due and not dry_run:
            wanted = ExpireProcess(
                process=process.name,
                key=each.key,
                deadlines=tuple(due),
                reason=reason,
                by=operator(None),
            )
            due = list(act(data_dir, db, owner_of(process), wanted).names)
        names[process.name] = due
    if not any(names.values()):
        raise CommandError(
            f"no deadline of {key} is armed",
            f"it waits for {', '.join(waits_for(found[0][0], found[0][1].state)) or 'nothing'}",
            f"amphibus processes show {key}",
        )
    if as_json:
        show_json({"dry_run": dry_run, "key": key, "expired": names})
        return
    for process_name, due in names.items():
        verb = "would run out now (dry run)" if dry_run else "runs out now"
        print(f"{key}  {process_name}  {', '.join(due)}  {verb}")


def cancel(
    key: str,
    *,
    reason: _Reason,
    module: OfModule = None,
    dry_run: options.DryRun = False,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Cancel a process by the command that its module declares for that; what it has done is undone.

    Example: amphibus processes cancel 74eda2bf-2087-5bfc-aaaf-7ff4216c8a87 --reason "ordered twice"

    Args:
        key: Its business key, such as an order id.
    """
    reason = _given(reason)
    found = _found(key, module, data_dir, db)
    done: dict[str, str] = {}
    for process, each in found:
        if process.cancelled_by is None:
            raise CommandError(
                f"process {process.name} cannot be cancelled",
                "its module declares no command for that",
                f"amphibus processes expire {key} --reason TEXT",
            )
        command = process.cancelled_by.contract_type
        if not dry_run:
            wanted = CancelProcess(
                process=process.name, key=each.key, reason=reason, by=operator(None)
            )
            command = act(data_dir, db, owner_of(process), wanted).command
        done[process.name] = command
    if as_json:
        show_json({"dry_run": dry_run, "key": key, "cancelled": done})
        return
    for process_name, command in done.items():
        verb = "would be cancelled (dry run)" if dry_run else "cancelled"
        print(f"{key}  {process_name}  {verb} by {command}")


def _found(
    key: str, module: str | None, data_dir: Path | None, db: str | None
) -> list[tuple[Process, ProcessStanding]]:
    found = look(data_dir, db, partial(standing_with, key, module))
    if not found:
        raise no_process(key)
    return found


def _given(reason: str) -> str:
    if found := reasoned(reason):
        return found
    raise CommandError(
        "--reason says nothing",
        "it stands in the audit, for those who read it later",
        '--reason "the provider lost it"',
        Exit.USAGE,
    )
