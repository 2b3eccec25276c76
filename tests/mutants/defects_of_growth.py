"""Defects by which a process grows with what others send, ask or log."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

GROWTH: Final[tuple[Defect, ...]] = (
    in_runtime(
        "types that strangers make up are counted one by one",
        "inbox/report",
        "    return type_ if ours or contract_of(type_) is not None else UNKNOWN",
        "    return type_ if ours or contract_of(type_) is None else type_",
        "test_growth.py::test_types_that_a_stranger_makes_up_are_counted_as_one",
    ),
    in_runtime(
        "long lines of the log are remembered whole",
        "telemetry/recent_lines",
        "        return text if len(text) <= _LONGEST else _cut(line)",
        "        return text",
        "tests/runtime/test_recent_lines.py::test_long_lines_leave_only_what_is_told_of_them_in_memory",
    ),
)
