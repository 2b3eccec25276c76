"""The list of defects keeps up with the code: else a defect is dropped without a word until somebody runs them all."""

import pytest

from tests.mutants.__main__ import ALL, ROOT
from tests.mutants.defect import Defect


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
    """A test is a file, or a function in one."""
    file, _, function = test.partition("::")
    path = ROOT / file
    return path.is_file() and (
        not function or f"def {function.partition('[')[0]}(" in path.read_text()
    )
