"""The list of defects keeps up with the code: else a defect is dropped without a word until somebody runs them all."""

import re

import pytest

from tests.mutants.__main__ import ALL, ROOT
from tests.mutants.defect import Defect
from tests.mutants.exam import EXAM

_WHOLLY_LONG = re.compile(r"^pytestmark = .*mark\.full", re.MULTILINE)
_TAKEN_OVER = re.compile(r"from amphibus\.testing\.conformance\.(\w+) import \*")


@pytest.mark.parametrize("defect", ALL, ids=lambda defect: defect.name)
def test_each_defect_has_its_place_and_its_tests(defect: Defect) -> None:
    """It can be applied, and what should catch it is there."""
    assert defect.problem_in(ROOT) == ""
    assert defect.new != defect.old
    assert [test for test in defect.tests if not _is_there(test)] == []
    named_after_it = any("rabbitmq" in test for test in defect.tests)
    assert defect.broker or not named_after_it  # they are left out where no broker is


def test_no_two_defects_share_a_name() -> None:
    """One would hide the other's result."""
    assert len({defect.name for defect in ALL}) == len(ALL)


def _is_there(test: str) -> bool:
    """A test is a file, or a function in one or in a part of the suite that it takes over."""
    file, _, function = test.partition("::")
    path = ROOT / file
    if not path.is_file():
        return False
    text = path.read_text()
    for part in _TAKEN_OVER.findall(text):
        text += (ROOT / f"runtime/amphibus/testing/conformance/{part}.py").read_text()
    return not function or f"def {function.partition('[')[0]}(" in text


@pytest.mark.parametrize("asked", EXAM)
def test_each_defect_of_the_exam_has_its_place(asked: str) -> None:
    """What it asks for, and what the default run has: no test of theirs is left for `./test --full`."""
    by_name = {each.name: each for each in ALL}
    assert [name for name in EXAM[asked] if name not in by_name] == []
    files = {test.partition("::")[0] for name in EXAM[asked] for test in by_name[name].tests}
    assert [file for file in files if _WHOLLY_LONG.search((ROOT / file).read_text())] == []
