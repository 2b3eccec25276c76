"""Defects of what begins a project, and of what is said where a package is missing."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

_NEW: Final = "tests/starting/test_new.py"

STARTING: Final[tuple[Defect, ...]] = (
    in_runtime(
        "a project is begun over what is there",
        "cli/new/staging",
        "    _refuse_taken(choice.target)\n",
        "",
        f"{_NEW}::test_what_cannot_be_begun_leaves_everything_as_it_was",
    ),
    in_runtime(
        "a dry run begins a project",
        "cli/new/staging",
        "        if not dry:\n",
        "        if made:\n",
        f"{_NEW}::test_a_dry_run_lists_the_files_and_writes_none",
    ),
    in_runtime(
        "a project has no locks",
        "cli/new/staging",
        "        write_locks(made, name)\n",
        "",
        f"{_NEW}::test_a_dry_run_lists_the_files_and_writes_none",
    ),
    in_runtime(
        "what is missing is told by a traceback",
        "cli/door",
        "        if lacking is None:\n            raise\n",
        "        raise\n",
        "tests/starting/test_extras.py",
    ),
)
