"""Every act in the audit has a name of one kind, a verb and its object, and each stands in one place."""

import ast
import re

from amphibus.database.acting import act_names
from amphibus.database.answers.audit import _OBJECTS
from tests.architecture.tree import ROOT

_RUNTIME = ROOT / "runtime/amphibus"
_NAME = re.compile(r"[A-Z][a-z]+([A-Z][a-z]+)+")
_WHAT = {"by": 2, "act_by": 2, "Act": 3}
"""What makes an act, with the place of the act's name among its arguments."""


def test_the_name_of_an_act_is_a_verb_and_its_object() -> None:
    own = {each for name, each in vars(act_names).items() if name.isupper()}
    asked = {each.__name__ for each in _OBJECTS}

    assert len(own) >= 5
    assert {each for each in own | asked if not _NAME.fullmatch(each)} == set()


def test_no_act_is_named_where_it_is_noted() -> None:
    literal = [
        f"{path.relative_to(_RUNTIME)}:{node.lineno}"
        for path in _RUNTIME.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and _names_an_act(node)
    ]

    assert literal == []


def _names_an_act(call: ast.Call) -> bool:
    place = _WHAT.get(getattr(call.func, "id", ""))
    if place is None or len(call.args) <= place:
        return False
    return isinstance(call.args[place], ast.Constant | ast.JoinedStr)
