"""Defects of what `amphibus add` writes: over a file, in the wrong place, or against a rule."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

_ADDING: Final = "tests/adding/test_adding.py"
_PAGE: Final = "tests/adding/test_page.py"

ADDING: Final[tuple[Defect, ...]] = (
    in_runtime(
        "what was begun is left behind",
        "cli/add/plan",
        "            self._undo(done, folders)\n",
        "",
        "tests/adding/test_plan.py::test_a_file_that_came_after_the_plan_is_kept_and_nothing_else_is_there",
    ),
    in_runtime(
        "what the lint refuses is written",
        "cli/add/trial",
        "if each.contract in new:",
        "if each.contract in site.project.contracts:",
        f"{_ADDING}::test_what_is_refused_leaves_every_file_as_it_was",
    ),
    in_runtime(
        "a dry run writes",
        "cli/add/command",
        "    if dry:\n        return\n",
        "",
        f"{_ADDING}::test_a_dry_run_shows_each_line_and_writes_none",
    ),
    in_runtime(
        "lines that are added end as elsewhere",
        "cli/add/page",
        'return "\\r\\n" if',
        'return "\\n" if',
        f"{_PAGE}::test_ends_of_lines_and_the_bytes_around_stay_as_they_are",
    ),
    in_runtime(
        "words of SQL are names of fields",
        "cli/add/names",
        "    if name in _sql():\n",
        "    if not name:\n",
        "tests/adding/test_names.py::test_a_field_has_a_name_and_a_type",
    ),
)
