"""Defects of what is said: errors, what to type, what a process answers."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

SPEECH: Final[tuple[Defect, ...]] = (
    in_runtime(
        "an error keeps to itself what to type",
        "errors",
        'more = (("why", self.why), ("fix", self.fix))',
        'more = (("why", self.why),)',
        "tests/console/test_errors_speak.py::test_the_text_of_an_error_has_its_reason_and_what_to_type",
    ),
    in_runtime(
        "a long reason cuts off what to type",
        "telemetry/privacy",
        'said = f"{said[:_LONGEST]}…{_end(error)}"',
        'said = f"{said[:_LONGEST]}…"',
        "tests/console/test_errors_speak.py::test_an_error_that_is_cut_keeps_what_to_type",
    ),
    in_runtime(
        "a missing project is any failure",
        "cli/output",
        "    (NoProject, Exit.USAGE),\n",
        "",
        "tests/console/test_errors_speak.py::test_outside_a_project_every_command_says_the_same",
    ),
    in_runtime(
        "a taken port is answered with a line that forgets the rest",
        "cli/fix",
        "            line.append(\n                f",
        "            repr(\n                f",
        "tests/console/test_errors_speak.py::test_a_taken_port_is_answered_with_the_same_line_and_another_port",
    ),
    in_runtime(
        "a command line with a password is printed again",
        "cli/main",
        "    if secret(words):\n",
        "    if not words:\n",
        "tests/console/test_errors_speak.py::test_a_password_on_the_line_is_not_printed_again",
    ),
    in_runtime(
        "a fix names an option that there is not",
        "admin/database",
        'f"amphibus run --data-dir {',
        'f"amphibus run --folder {',
        "tests/architecture/test_typed_lines.py",
    ),
    in_runtime(
        "the case of a name counts",
        "nearest",
        'by_folded.setdefault(each.casefold().lstrip("-"), each)',
        "by_folded.setdefault(each, each)",
        "tests/console/test_errors_speak.py::test_the_nearest_name_is_found_whatever_its_case_and_none_where_none_is_like_it",
    ),
    in_runtime(
        "a step's answer gets lost",
        "process",
        "        return answer\n",
        "        return None\n",
        "test_process_answers.py",
    ),
    in_runtime(
        "an answer may publish",
        "process",
        "        if (len(context.outgoing), context.later) != before:\n",
        "        if context.later != before[1]:\n",
        "test_process_answers.py::test_an_answer_that_publishes_fails_and_nothing_is_changed",
    ),
    in_runtime(
        "a step may leave its command unanswered",
        "routing/process_check",
        "        if lacking := _must_say(when.contract):\n",
        "        if lacking := _must_say(Message):\n",
        "tests/runtime/test_process_check.py",
    ),
    in_runtime(
        "a failed test does not say what failed",
        "inbox/report",
        "    if isinstance(outcome, Delayed | Dead | Unanswered) and outcome.failure is not None:\n",
        "    if isinstance(outcome, Delayed | Dead | Unanswered) and outcome.failure is None:\n",
        "tests/database/test_harness_failures.py",
    ),
)
