"""Begins an operation on many dead letters, follows it to its end, and shows what it came to."""

from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from amphibus.admin.views import Views
from amphibus.cli.dead.at_once import outcome
from amphibus.cli.dead.following import facts_of_modules, follow, show_summary
from amphibus.cli.dead.groups import Found, groups_of, show_groups
from amphibus.cli.output import show_json, typed
from amphibus.cli.views import Acts, look, look_and_act
from amphibus.messages.contracts.amphibus.acting import Condition, OperationKind, Operator
from amphibus.messages.contracts.amphibus.v1 import StartOperation
from amphibus.messages.ids import new_id

_WHAT: Final = {"retry": "will be tried again", "discard": "will never be handled"}


class Plan(NamedTuple):
    """An operation as it is wanted."""

    kind: OperationKind
    module: str | None
    where: tuple[Condition, ...]
    limit: int | None
    per_second: float | None
    reason: str
    by: Operator


class Begun(NamedTuple):
    """An operation that was begun."""

    modules: tuple[str, ...]
    at_rest: bool
    """Nothing runs that goes on with it."""


def act_as_operation(
    plan: Plan,
    place: tuple[Path | None, str | None],
    *,
    dry_run: bool,
    detach: bool,
    as_json: bool,
) -> None:
    """Begins an operation where any letter meets its conditions, or shows what it would do."""
    found, total = look(*place, partial(groups_of, plan.module, plan.where))
    wanted = total if plan.limit is None else min(total, plan.limit)
    if dry_run or not total:
        _preview(plan, found, wanted, dry_run=dry_run, as_json=as_json)
        return
    identity = new_id()
    begun = look_and_act(*place, partial(_begin, plan, identity))
    waits = begun.at_rest and plan.per_second is not None
    if not (detach or waits):
        follow(place, identity, begun.modules)
    facts = look(*place, partial(facts_of_modules, identity, begun.modules, outcomes=True))
    show_summary(identity, facts, as_json=as_json)
    if waits and not as_json:
        names = ", ".join(begun.modules)
        print(typed(f"nothing runs {names}: it goes on at that rate when it does: amphibus run"))


def _preview(plan: Plan, found: Found, wanted: int, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        groups = [{"module": module} | each.model_dump() for module, each in found]
        show_json({"dry_run": dry_run, "operation": None, "messages": wanted, "groups": groups})
        return
    if found:
        show_groups(found)
        print()
    print(outcome(wanted, _WHAT[plan.kind], dry_run=dry_run))


async def _begin(plan: Plan, identity: str, views: Views, acts: Acts) -> Begun:
    """Begins it in each module that has such letters; where nothing runs and no rate is set, does it at once."""
    modules: list[str] = []
    here: list[str] = []
    left = plan.limit
    for module in views:
        if plan.module not in (None, module) or left == 0:
            continue
        _, count = await groups_of(module, plan.where, views)
        if not count:
            continue
        share = None if left is None else min(left, count)
        await acts.do(module, _start(plan, identity, share))
        modules.append(module)
        left = None if left is None else left - (share or 0)
        if await _at_rest(plan, identity, module, acts):
            here.append(module)
    return Begun(tuple(modules), at_rest=len(here) == len(modules))


async def _at_rest(plan: Plan, identity: str, module: str, acts: Acts) -> bool:
    operation = acts.at_rest(module, identity)
    if operation is None:
        return False
    ended = plan.per_second is not None
    while not ended:
        acts.refuse_beside_a_process(module)
        ended = (await operation.step()).ended
    return True


def _start(plan: Plan, identity: str, share: int | None) -> StartOperation:
    return StartOperation(
        id=identity,
        kind=plan.kind,
        where=plan.where,
        limit=share,
        per_second=plan.per_second,
        reason=plan.reason,
        by=plan.by,
    )
