"""`amphibus processes`: the processes that have not ended, and what to do about those that are stuck."""

from functools import partial
from typing import Annotated, Any, Final

from cyclopts import Parameter

from amphibus.admin.standing import Narrowed, standing, usual_times, waits_for
from amphibus.admin.views import Views
from amphibus.cli import options
from amphibus.cli.output import (
    CommandError,
    Exit,
    check_module,
    moment,
    plural,
    rfc3339,
    show_columns,
    show_facts,
    show_json,
    typed,
    unknown,
)
from amphibus.cli.steer.which import OfModule, all_processes, no_process, whole
from amphibus.cli.views import look
from amphibus.clock import SystemClock
from amphibus.database.timers import NEVER
from amphibus.messages.contracts.amphibus.answers import ProcessStanding
from amphibus.process import Process

_NOT_KNOWN: Final = "before it was listed"


def list_processes(
    module: str,
    *,
    state: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    older: str | None = None,
    stuck: Annotated[bool, Parameter(negative="")] = False,
    key: str | None = None,
    limit: options.Limit = 50,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """List the processes of a module that have not ended, those first that have stood still longest.

    Example: amphibus processes list orders --stuck

    Args:
        module: The module.
        state: Only in this state; repeatable.
        older: Only those that have been in their state for so long, such as 30m, 2h or 7d.
        stuck: Only those that stand longer than 99 of 100 did lately; 60 s where none has moved on lately.
        key: Only this business key, such as an order id.
        limit: How many to list.
    """
    processes = _of_module(module)
    _check_states(processes, state)
    now = SystemClock().now()
    before = None if older is None else now - int(options.seconds(older, "--older") * 1_000_000)
    work = partial(_found, module, processes, Narrowed(state, key, before), limit, stuck, now)
    found = look(data_dir, db, work)
    if as_json:
        show_json([_facts(process, each) for process, each in found])
        return
    if not found:
        print("no such process")
        return
    rows = [_row(process, each) for process, each in found]
    show_columns(("KEY", "PROCESS", "STATE", "SINCE", "WAITS FOR", "DEADLINES"), rows)
    print(typed(f"\n{plural(len(rows), 'row')}; amphibus processes show KEY shows one"))


def show(
    key: str,
    *,
    module: OfModule = None,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Show a process: where it stands and since when, what it waits for, its deadlines, and its way until here.

    Example: amphibus processes show 74eda2bf-2087-5bfc-aaaf-7ff4216c8a87

    Args:
        key: Its business key, such as an order id.
    """
    found, lines, flow_id = look(data_dir, db, partial(whole, key, module))
    if as_json:
        show_json(
            {
                "key": key,
                "correlation": flow_id,
                "processes": [_facts(*each) for each in found],
                "way": lines,
            }
        )
        return
    if not found and not lines:
        raise no_process(key)
    for process, each in found:
        names = ("process", "state", "since", "waits for", "deadlines")
        show_facts(dict(zip(names, _row(process, each)[1:], strict=True)), 10)
    if not found:
        print("it has ended, or never was a process")
    print("\n" + "\n".join(lines))


def _of_module(module: str) -> list[Process]:
    known = options.project().modules
    check_module(module, known)
    found = [each for name, each in all_processes() if name == module]
    if not found:
        others = sorted({name for name, _ in all_processes()})
        raise CommandError(
            f"{module} has no process manager",
            f"processes have {', '.join(others) or 'no module'}",
            f"amphibus processes list {others[0]}" if others else "amphibus modules",
            Exit.USAGE,
        )
    return found


def _check_states(processes: list[Process], states: tuple[str, ...]) -> None:
    known = [each.name for process in processes for each in process.states if not each.final]
    for state in states:
        if state not in known:
            raise unknown("state", state, known, "amphibus modules --help")


async def _found(
    module: str,
    processes: list[Process],
    narrowed: Narrowed,
    limit: int,
    stuck: bool,
    now: int,
    views: Views,
) -> list[tuple[Process, ProcessStanding]]:
    if module not in views:
        raise unknown("database of module", module, views, "amphibus db status")
    found: list[tuple[Process, ProcessStanding]] = []
    for process in processes:
        usual = await usual_times(views[module], process) if stuck else {}
        async for each in standing(views[module], process, narrowed):
            if len(found) >= limit:
                return found
            if not stuck or now - each.since > usual.get(each.state, 0):
                found.append((process, each))
    return found


def _facts(process: Process, each: ProcessStanding) -> dict[str, Any]:
    return {
        "key": each.key,
        "process": each.process,
        "state": each.state,
        "since": rfc3339(each.since) if each.since else None,
        "waits_for": waits_for(process, each.state),
        "deadlines": {name: rfc3339(due) if due < NEVER else None for name, due in _due(each)},
    }


def _row(process: Process, each: ProcessStanding) -> list[str]:
    deadlines = [
        f"{name} {moment(due) if due < NEVER else 'waits for its retry'}"
        for name, due in _due(each)
    ]
    return [
        each.key,
        each.process,
        each.state,
        moment(each.since) if each.since else _NOT_KNOWN,
        ", ".join(waits_for(process, each.state)),
        ", ".join(deadlines) or "-",
    ]


def _due(each: ProcessStanding) -> list[tuple[str, int]]:
    return [(deadline.name, deadline.due) for deadline in each.deadlines]
