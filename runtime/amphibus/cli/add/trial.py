"""The new contracts, tried before anything is written: `check` and `contracts lint` must have nothing to say."""

import sys
from types import CodeType, ModuleType
from typing import TYPE_CHECKING

from amphibus.cli import options
from amphibus.cli.add.site import Site
from amphibus.cli.output import CommandError, Exit
from amphibus.contract import Message

if TYPE_CHECKING:
    from amphibus.lint.rule import Level


def refuse_bad_contracts(site: Site) -> None:
    """Makes the classes of the planned page, and asks all rules about the new ones.

    Raises:
        CommandError: a rule is broken; the first that is.
    """
    from amphibus.contract.border import problems_at_border
    from amphibus.evolution.waivers import Waivers
    from amphibus.lint.check import RULES, lint

    new = _new_contracts(site)
    for name, contract in new.items():
        for problem in problems_at_border(contract):
            raise CommandError(f"{name} {problem}", "nothing was written", "", Exit.USAGE)
    found = lint(site.project.contracts | new, levels=_levels(), waivers=Waivers())
    for each in found:
        if each.contract in new:
            raise CommandError(
                f"{each.contract} {each.where}: {each.what}".replace(" : ", ": "),
                f"{RULES[each.rule].why} {each.instead} Nothing was written",
                f"amphibus contracts explain {each.rule}",
                Exit.USAGE,
            )


def _new_contracts(site: Site) -> dict[str, type[Message]]:
    page = site.contracts()
    made = _imported(f"contracts.{site.module}.v1", compile(page.data, str(page.path), "exec"))
    return {
        each.contract_type: each
        for each in vars(made).values()
        if isinstance(each, type)
        and issubclass(each, Message)
        and each.__module__ == made.__name__
        and each.contract_type
        and each.contract_type not in site.project.contracts
    }


def _imported(name: str, code: CodeType) -> ModuleType:
    """Runs a page as if it were imported: Pydantic looks for it among the modules."""
    made = ModuleType(name)
    before = sys.modules.get(name)
    sys.modules[name] = made
    try:
        exec(code, made.__dict__)  # noqa: S102 - the project's own code
    finally:
        if before is None:
            del sys.modules[name]
        else:
            sys.modules[name] = before
    return made


def _levels() -> "dict[str, Level]":
    return {name.upper(): level for name, level in options.settings().lint.items()}
