"""Contracts that hold themselves or cannot be judged, and the order in which modules are deployed."""

import json
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from amphibus.cli.check.findings import lines_of
from amphibus.contract import Message, personal_fields, problems_of_fields
from amphibus.evolution.assessment import assess
from amphibus.evolution.findings import Candidate, Finding
from amphibus.evolution.forms.form import form_of
from amphibus.evolution.order import deployment_order
from amphibus.evolution.proof.sides import Classes, Schemas, Side
from amphibus.evolution.proof.trials import with_documents
from tests.evolution.project import Depot

_PAGE = """
from typing import Annotated

from pydantic import Field, StringConstraints

from amphibus.contract import Command, Event, Key, Personal, Value


class Branch(Value):
    name: Annotated[Key, Personal("identity")]
    weight: Annotated[int, Field(ge=0, le=MOST)]
    left: "Branch | None" = None
    right: "Branch | None" = None


class Grow(Command[None], key="name", example={"name": "a", "root": {"name": "b", "weight": 1}}):
    name: Key
    root: Branch


class Grown(Event, key="name", example={"name": "a", "code": "ab"}):
    name: Key
    code: Annotated[str, StringConstraints(max_length=9, pattern=PATTERN)]
"""


@pytest.fixture
def page() -> Iterator[ModuleType]:
    name = "contracts.trees.v1"
    module = sys.modules[name] = ModuleType(name)
    yield module
    del sys.modules[name]


def contracts(
    page: ModuleType, *, most: int = 100, pattern: str = "^[a-z]+$"
) -> dict[str, type[Message]]:
    text = _PAGE.replace("MOST", str(most)).replace("PATTERN", repr(pattern))
    exec(text, vars(page))
    for name in ("Branch", "Grow", "Grown"):
        vars(page)[name].model_rebuild()
    return {name: vars(page)[name] for name in ("Grow", "Grown")}


def test_a_value_that_holds_itself_is_judged_in_bounded_time(page: ModuleType) -> None:
    old = form_of(contracts(page)["Grow"])
    new = form_of(contracts(page, most=50)["Grow"])

    (found,) = assess(old, new)

    assert (found.key, found.severity) == ("CON01 root.weight", "error")
    assert found.candidates


def test_the_marks_of_a_value_that_holds_itself_are_found(page: ModuleType) -> None:
    grow = contracts(page)["Grow"]

    assert "root.left.name" in personal_fields(grow)
    assert list(problems_of_fields(grow)) == []


def test_what_cannot_be_judged_is_an_error_with_its_reason(page: ModuleType) -> None:
    old = form_of(contracts(page, pattern="^[a-c]{1,5}$")["Grown"])
    new = form_of(contracts(page, pattern=r"^\b[a-z]{1,5}\b$")["Grown"])

    found = [each for each in assess(old, new) if each.severity == "error"]

    assert {each.rule for each in found} == {"UNKNOWN"}
    assert all(each.what.startswith("it cannot be judged whether ") for each in found)
    assert all(each.what.partition(": ")[2] for each in found)


def test_a_document_is_shown_once_a_class_has_refused_it(page: ModuleType) -> None:
    """The first candidate is taken by both classes, the second is written by neither."""
    old, new = contracts(page)["Grown"], contracts(page, pattern="^[a-b]+$")["Grown"]
    candidates = tuple(
        Candidate("backward", {"name": "a", "code": code}) for code in ("ab", "AB", "xy", "z")
    )
    finding = Finding(
        rule="CON03",
        severity="error",
        contract=old.contract_type,
        what="narrower",
        position="event",
        candidates=candidates,
    )

    (found,) = with_documents(
        [finding], Classes({old.contract_type: old}), Classes({new.contract_type: new})
    )

    assert found.document == {"name": "a", "code": "xy"}
    assert found.refusal.startswith("code ")


def test_the_order_is_that_of_the_changes_and_a_circle_has_none() -> None:
    def wider(contract: str, sender: str) -> Finding:
        return Finding(
            rule="CON02",
            severity="info",
            contract=contract,
            what="wider",
            directions=("forward",),
            breaks=(sender, "HTTP clients"),
        )

    one, none = deployment_order([wider("stock.Put.v1", "orders")])
    both, circle = deployment_order(
        [wider("stock.Put.v1", "orders"), wider("orders.Place.v1", "stock")]
    )

    assert [str(each) for each in one] == ["stock before orders: stock.Put.v1, CON02"]
    assert none == ""
    assert len(both) == 2
    assert circle.startswith("no order is right (")


def test_a_second_version_is_an_addition_and_one_that_nobody_uses_is_told(depot: Depot) -> None:
    head, _, rest = depot.page.read_text().replace("le=1000", "le=10").partition("class Put(")
    second = f"{head}class Stored(" + rest.partition("class Stored(")[2]
    (depot.root / "contracts/store/v2.py").write_text(second)

    code, found = depot.findings()
    lint = depot("contracts", "lint")

    assert code == 0
    assert found["MSG02 store.Stored.v2"]["severity"] == "info"
    assert depot("check", "--fix").code == 0
    assert (depot.root / "contracts/store/v2.lock.json").exists()
    assert "store.Stored.v2: nobody publishes it (L032)" in lint.out


def test_what_no_class_has_refused_is_not_called_tried(page: ModuleType) -> None:
    old, new = contracts(page)["Grown"], contracts(page, pattern="^[a-b]+$")["Grown"]

    def tried(*documents: dict[str, str], by: Side | None = None) -> Finding:
        candidates = tuple(Candidate("backward", each) for each in documents)
        finding = Finding(rule="CON03", severity="error", contract="trees.Grown.v1", what="narrower",
                          position="event", candidates=candidates)  # fmt: skip
        reader = Classes({"trees.Grown.v1": new}) if by is None else by
        (found,) = with_documents([finding], Classes({"trees.Grown.v1": old}), reader)
        assert not found.tried
        return found

    taken = tried({"name": "a", "code": "ab"})
    unwritten = tried({"name": "a", "code": "AB"})
    schemas = tried(
        {"name": "a", "code": "ab"}, {"name": "a", "code": "xy"}, by=Schemas([form_of(new)])
    )

    assert taken.on_paper.endswith("taken by the classes as they are now")
    assert unwritten.on_paper.startswith("the classes as they are now would not write it: code ")
    assert schemas.document == {"name": "a", "code": "xy"}
    assert schemas.on_paper.endswith("refused by the schemas of the lock")
    for each in (taken, unwritten, schemas):
        assert f"  on paper  {json.dumps(each.document)}" in lines_of(each)
        assert not [line for line in lines_of(each) if "shown by" in line]
