"""The files of a plan are written all together, or not at all."""

from pathlib import Path

import pytest

from amphibus.cli.add.page import Page
from amphibus.cli.add.plan import Plan
from amphibus.cli.output import CommandError


def test_a_file_that_came_after_the_plan_is_kept_and_nothing_else_is_there(tmp_path: Path) -> None:
    (tmp_path / "page.py").write_text("x = 1\n")
    plan = Plan(tmp_path)
    plan.put(Page(Path("page.py"), b"x = 2\n"))
    plan.make("new/folder/first.py", "first = 1\n")
    plan.make("second.py", "second = 1\n")
    (tmp_path / "second.py").write_text("somebody's\n")

    with pytest.raises(CommandError, match=r"second\.py cannot be written"):
        plan.write()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "page.py": "x = 1\n",
        "second.py": "somebody's\n",
    }


def test_a_file_that_is_there_is_not_planned_anew(tmp_path: Path) -> None:
    (tmp_path / "first.py").touch()
    plan = Plan(tmp_path)
    plan.make("second.py", "")

    for path in ("first.py", "second.py"):
        with pytest.raises(CommandError, match="is there already"):
            plan.make(path, "")
