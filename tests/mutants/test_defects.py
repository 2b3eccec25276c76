"""The list of defects keeps up with the code: else a defect is dropped without a word until somebody runs them all."""

import re

import pytest

from tests.mutants.__main__ import ALL, ROOT
from tests.mutants.defect import Defect

_TAKEN_OVER = re.compile(r"from amphibus\.testing\.conformance\.(\w+) import \*")


@pytest.mark.parametrize("defect", ALL, ids=lambda defect: defect.name)
def test_each_defect_has_its_place_and_its_tests(defect: Defect) -> None:
    """It can be applied, and what should catch it is there."""
    assert defect.problem_in(ROOT) == ""
    assert defect.new != defect.old
    assert [test for test in defect.tests if not _is_there(test)] == []


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
