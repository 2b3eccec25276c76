"""Every rule of the lint has a page that breaks it and one that holds it; they are its test."""

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

from amphibus.contract import Message
from amphibus.evolution.waivers import Waiver, Waivers
from amphibus.lint.check import RULES, LintFinding, lint
from amphibus.routing.project import Project
from amphibus.routing.topology import Topology
from tests.architecture.tree import ROOT

_HEAD = """
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, RootModel, StringConstraints, field_serializer

from amphibus.contract import *
"""


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    for name in [each for each in sys.modules if each.startswith("contracts.sample")]:
        del sys.modules[name]


def contracts_on(page: str, folder: Path) -> dict[str, type[Message]]:
    """The contracts of a page, loaded as a file of the module `sample`."""
    name = "contracts.sample.v1"
    path = folder / "v1.py"
    path.write_text(f"{_HEAD}\n{page}\n")
    module = sys.modules[name] = ModuleType(name)
    module.__file__ = str(path)
    exec(compile(path.read_text(), str(path), "exec"), vars(module))
    return {
        each.contract_type: each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Message) and each.contract_type
    }


def topology_of(page: str, contracts: dict[str, type[Message]]) -> Topology:
    """Everything is in use, unless the page says that nobody does."""
    publishes = {} if "# nobody" in page else {"sample": tuple(contracts)}
    return Topology(contracts, {}, {}, ("sample",), publishes)


def findings(rule: str, page: str, folder: Path) -> list[LintFinding]:
    contracts = contracts_on(page, folder)
    assert contracts, page
    found = lint(
        contracts,
        levels={rule: "error"},
        waivers=Waivers(),
        topology=topology_of(page, contracts),
    )
    return [each for each in found if each.rule == rule]


@pytest.mark.parametrize("name", RULES)
def test_a_page_breaks_the_rule_and_another_holds_it(name: str, pages: Path) -> None:
    rule = RULES[name]

    broken = findings(name, rule.fails, pages)
    assert broken
    assert all(each.what and each.instead == rule.fix for each in broken)
    assert findings(name, rule.passes, pages) == []


def test_our_own_contracts_pass_without_a_waiver() -> None:
    project = Project.find(ROOT)

    found = lint(project.contracts, levels={}, waivers=Waivers(), topology=project.topology())

    assert not (ROOT / "contracts/waivers.toml").exists()
    assert found == []


def test_a_level_of_the_project_replaces_the_rules_own(pages: Path) -> None:
    contracts = contracts_on(RULES["L049"].fails, pages)

    def levels(**given: str) -> set[str]:
        return {
            each.level
            for each in lint(contracts, levels=given, waivers=Waivers())  # type: ignore[arg-type]
            if each.rule == "L049"
        }

    assert levels() == {"warning"}
    assert levels(L049="error") == {"error"}
    assert levels(L049="off") == set()


def test_a_finding_is_approved_until_its_waiver_ends(pages: Path) -> None:
    contracts = contracts_on(RULES["L040"].fails, pages)
    waiver = Waiver(
        rule="L040",
        contract="sample.TakePayment.v1",
        path="amount",
        reason="cents, until the bank takes decimals",
        expires=date(2030, 1, 1),
    )

    def found(today: date) -> LintFinding:
        (each,) = (
            each
            for each in lint(contracts, levels={}, waivers=Waivers((waiver,), today))
            if each.rule == "L040"
        )
        return each

    assert found(date(2029, 12, 31)).waived == waiver.reason
    assert not found(date(2029, 12, 31)).gates
    assert found(date(2030, 1, 2)).gates
    assert "its waiver ended on 2030-01-01" in found(date(2030, 1, 2)).instead
