"""Finds what is wrong with the schedules of a module before one is due."""

import re
from collections.abc import Iterator
from typing import Final

from amphibus.contract import Command, kind_of
from amphibus.module import Module
from amphibus.nearest import did_you_mean
from amphibus.schedule.declared import MISSED, Every
from amphibus.schedule.plan import plan_of, why_no_plan
from amphibus.telemetry.privacy import describe

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")


def problems_of_schedules(module: Module) -> Iterator[str]:
    """Yields in words what is wrong with each schedule."""
    names: set[str] = set()
    for each in module.schedules:
        if each.name in names:
            yield f"schedule {each.name} is there twice: give one of them a name, every(..., name=...)"
        names.add(each.name)
        for problem in _problems_of_one(module, each):
            yield f"schedule {each.name}: {problem}"


def _problems_of_one(module: Module, declared: Every) -> Iterator[str]:
    if not _NAME.fullmatch(declared.name):
        yield "its name is not made of small letters, digits, '_' and '-', a letter first"
    if declared.missed not in MISSED:
        near = did_you_mean(str(declared.missed), MISSED)
        yield f"missed='{declared.missed}' is none of {', '.join(MISSED)}{near}"
    if kind_of(declared.contract) != "command":
        yield f"{declared.contract.contract_type} is no command"
        return
    if declared.contract not in {row.contract for row in module.handles}:
        handled = [row.contract.contract_type for row in module.handles]
        near = did_you_mean(declared.contract.contract_type, handled)
        yield f"the module does not handle {declared.contract.contract_type} itself{near}"
    if declared.key is not None and declared.contract.contract_key is not None:
        yield f"{declared.contract.contract_type} has a key of its own, so key= means nothing"
    why = why_no_plan(declared)
    if why:
        yield why
    else:
        yield from _problems_of_command(declared)


def _problems_of_command(declared: Every) -> Iterator[str]:
    """Yields why no command can be made, by making one."""
    contract = declared.contract
    try:
        plan = plan_of(declared)
        made: object = (
            contract() if declared.make is None else declared.make(plan.local(plan.after(0)))
        )
    except (Exception, SystemExit) as error:  # noqa: BLE001 - code of the module
        fix = (
            "give make=, which returns one for a time"
            if declared.make is None
            else "mend what make= names"
        )
        yield f"no {contract.contract_type} can be made: {describe(error)}; {fix}"
        return
    if not isinstance(made, contract) or not isinstance(made, Command):
        yield f"make= returns {type(made).__name__}, not {contract.contract_type}"
