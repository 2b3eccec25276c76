"""`amphibus operations`: what goes on with many dead letters, stopped and resumed."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from amphibus.admin.views import Views
from amphibus.cli import options
from amphibus.cli.dead.following import InModule, facts_as_json, facts_of_modules
from amphibus.cli.dead.many import Rate, per_second
from amphibus.cli.operator import Reason, Who, operator, reasoned
from amphibus.cli.output import (
    CommandError,
    moment,
    plural,
    show_columns,
    show_facts,
    show_json,
    typed,
)
from amphibus.cli.views import Acts, look, look_and_act
from amphibus.contract import Command
from amphibus.messages.contracts.amphibus.acting import Condition, OperationFacts
from amphibus.messages.contracts.amphibus.v1 import (
    ListOperations,
    ResumeOperation,
    StopOperation,
)


def list_operations(
    *,
    limit: options.Limit = 20,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """List operations on many dead letters, newest first.

    Example: amphibus operations list

    Args:
        limit: How many to list of each module.
    """
    found = look(data_dir, db, partial(_newest, min(limit, 500)))
    if as_json:
        show_json([{"module": each.module} | facts_as_json(each.facts) for each in found])
        return
    if not found:
        print("no operations")
        return
    header = ("OPERATION", "MODULE", "KIND", "STATE", "BEGAN", "TOTAL", "DONE", "LEFT", "SKIPPED")
    show_columns((*header, "WHO", "WHERE"), [_row(each) for each in found])
    print(typed(f"\n{plural(len(found), 'row')}; amphibus operations show OPERATION shows one"))


def show(
    operation: str,
    *,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Show an operation: how far it is, and what became of its messages.

    Example: amphibus operations show 0197a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b

    Args:
        operation: Its id.
    """
    found = look(data_dir, db, partial(_everywhere, operation))
    if as_json:
        show_json([{"module": each.module} | facts_as_json(each.facts) for each in found])
        return
    for each in found:
        _show(each)


def stop(
    operation: str,
    *,
    reason: Reason = "",
    who: Who = None,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Stop an operation after the letters that it has in hand; `resume` lets it go on.

    Example: amphibus operations stop 0197a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b

    Args:
        operation: Its id.
    """
    wanted = StopOperation(id=operation, reason=reasoned(reason), by=operator(who))
    _show_all(look_and_act(data_dir, db, partial(_steered, wanted)), as_json=as_json)


def resume(
    operation: str,
    *,
    rate: Rate = None,
    reason: Reason = "",
    who: Who = None,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Let an operation go on with what is left of it, at another rate if one is given.

    Example: amphibus operations resume 0197a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b --rate 10/s

    Args:
        operation: Its id.
    """
    wanted = ResumeOperation(
        id=operation, per_second=per_second(rate), reason=reasoned(reason), by=operator(who)
    )
    _show_all(look_and_act(data_dir, db, partial(_steered, wanted)), as_json=as_json)


async def _newest(limit: int, views: Views) -> list[InModule]:
    found = []
    for module, view in views.items():
        page = await view.ask(ListOperations(limit=limit))
        found += [InModule(module, each, runs=False) for each in page.operations]
    return sorted(found, key=lambda each: (-each.facts.began, each.facts.id, each.module))


async def _everywhere(identity: str, views: Views) -> list[InModule]:
    found = await facts_of_modules(identity, [*views], views, outcomes=True)
    if not found:
        raise CommandError(
            f"no operation {identity}",
            "no module has one of that id; the oldest are forgotten",
            "amphibus operations list",
        )
    return found


async def _steered(
    wanted: StopOperation | ResumeOperation, views: Views, acts: Acts
) -> list[InModule]:
    done = []
    for each in await _everywhere(wanted.id, views):
        command: Command[OperationFacts] = wanted
        facts = await acts.do(each.module, command)
        done.append(InModule(each.module, facts, each.runs))
    return done


def _show_all(found: Sequence[InModule], *, as_json: bool) -> None:
    if as_json:
        show_json([{"module": each.module} | facts_as_json(each.facts) for each in found])
        return
    for each in found:
        facts = each.facts
        print(f"{facts.id}  {each.module}  {facts.state}  {_progress(facts)}")


def _show(each: InModule) -> None:
    facts = each.facts
    lines: dict[str, Any] = {
        "operation": facts.id,
        "module": each.module,
        "kind": facts.kind,
        "state": f"{facts.state}{' (still looks for its letters)' if facts.collecting else ''}",
        "where": in_words(facts.conditions),
        "rate": "as fast as it goes" if facts.per_second is None else f"{facts.per_second:g}/s",
        "who": facts.who or "-",
        "reason": facts.reason or "-",
        "began": moment(facts.began),
        "ended": moment(facts.ended),
        "progress": _progress(facts),
        "dead again": f"{facts.again or 0:,}",
        "not tried": f"{facts.waiting or 0:,}",
    }
    show_facts(lines)
    print()


def _progress(facts: OperationFacts) -> str:
    left = facts.total - facts.done - facts.skipped
    return f"{facts.done:,} of {facts.total:,} done, {left:,} left, {facts.skipped:,} skipped"


def _row(each: InModule) -> list[str]:
    facts = each.facts
    left = facts.total - facts.done - facts.skipped
    counts = [f"{count:,}" for count in (facts.total, facts.done, left, facts.skipped)]
    state = [facts.id, each.module, facts.kind, facts.state, moment(facts.began)]
    return [*state, *counts, facts.who or "-", in_words(facts.conditions)]


def in_words(where: Sequence[Condition]) -> str:
    """Returns conditions as they are typed, with times as instants."""
    said = [
        f"{each.field}{each.comparison}{moment(int(each.value)) if each.field == 'died' else each.value}"
        for each in where
    ]
    return " and ".join(said) or "all"
