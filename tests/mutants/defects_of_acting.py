"""Defects of acting on many dead letters: sets, counts, rates, the audit, personal data."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

_OPERATIONS = "test_operations.py"
_ACTS = "test_acts.py"

ACTING: Final[tuple[Defect, ...]] = (
    in_runtime(
        "what was tried again is not known to have been",
        "database/acting/operations",
        'rows = [("done", identity, each) for each in done]',
        'rows = [("left", identity, each) for each in done]',
        f"{_OPERATIONS}::test_what_dies_again_is_not_taken_twice",
    ),
    in_runtime(
        "an operation that is stopped goes on",
        "database/answers/operations",
        'await rows.set_state(sql, wanted.id, "stopped")',
        'await rows.set_state(sql, wanted.id, "running")',
        f"{_OPERATIONS}::test_one_is_stopped_and_resumed_with_exact_counts",
    ),
    in_runtime(
        "letters that left by other hands count as done",
        "database/acting/steps",
        "skipped = [each.seq for each in letters if each.seq not in done]",
        "done, skipped = {each.seq for each in letters}, list[int]()",
        f"{_OPERATIONS}::test_two_operators_who_retry_the_same_group_do_it_once",
    ),
    in_runtime(
        "a limit is none",
        "database/acting/steps",
        "letters, last = letters[: operation.most - operation.total], operation.upto",
        "letters, last = letters, operation.upto",
        f"{_OPERATIONS}::test_a_limit_takes_the_oldest_and_a_discard_ends_them",
    ),
    in_runtime(
        "an operation does not heed the pause of its module",
        "host/steering/operations",
        "if 0 not in self._assignment.owned or self._pauses.whole:",
        "if 0 not in self._assignment.owned:",
        f"{_OPERATIONS}::test_a_paused_module_gets_nothing_back",
    ),
    in_runtime(
        "what an operation did is noted in a commit of its own",
        "database/acting/steps",
        '    failpoint("operation.step")\n    ended',
        '    await sql.run("COMMIT")\n    failpoint("operation.step")\n    ended',
        "test_operations_killed.py::test_killed_within_a_step_it_goes_on_with_exact_counts",
    ),
    in_runtime(
        "a letter is retried though another one was named",
        "database/acting/dead",
        "found = [_whole(*row) for row in rows if ids[row[0]] == row[6]]",
        "found = [_whole(*row) for row in rows]",
        f"{_ACTS}::test_they_do_the_same_by_who_runs_and_at_rest",
    ),
    in_runtime(
        "an act is not audited",
        "database/answers/table",
        "    await audit.note(sql, wanted, said, acting.now)\n",
        "",
        f"{_ACTS}::test_they_do_the_same_by_who_runs_and_at_rest",
    ),
    in_runtime(
        "an entry of the audit does not depend on the one before it",
        "database/acting/audit",
        "json.dumps([before, number, *act]",
        "json.dumps([number, *act]",
        f"{_ACTS}::test_the_hash_of_an_entry_is_over_all_before_it",
    ),
    in_runtime(
        "a condition takes the marks of a pattern for themselves",
        "database/acting/conditions",
        'return f"%{_escaped(each.value)}%"',
        'return f"%{each.value}%"',
        "tests/console/test_where.py::test_conditions_find_what_a_person_means",
    ),
    in_runtime(
        "a payload that cannot be read is shown",
        "telemetry/privacy",
        "        return json.dumps(MASK).encode(), True\n",
        "        return body, False\n",
        "tests/runtime/test_masked_payloads.py::test_nothing_personal_is_shown",
    ),
)
