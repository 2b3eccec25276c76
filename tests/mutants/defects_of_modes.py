"""Defects of the moves between modes: who may begin, and what is handled on the way."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

_ONE_MODE: Final = "tests/database/test_one_mode.py"

MODES: Final[tuple[Defect, ...]] = (
    in_runtime(
        "two modes that start at once both begin",
        "database/postgres/leases",
        '        await sql.run("SELECT pg_advisory_xact_lock(hashtext(?))", f"amphibus.{module}.instances")\n',
        "        assert module\n",
        f"{_ONE_MODE}::test_of_two_modes_that_start_at_once_one_begins",
    ),
    in_runtime(
        "a mode that is ending is not waited for",
        "partitions/one_mode",
        "        if lives and elapsed() - began >= patience * SECOND:\n",
        "        if lives:\n",
        f"{_ONE_MODE}::test_a_mode_waits_for_the_instances_of_another_one_that_are_ending",
    ),
)
