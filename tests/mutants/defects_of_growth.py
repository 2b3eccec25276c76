"""Defects by which a process grows with what others send, ask or log."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime, of_the_broker

GROWTH: Final[tuple[Defect, ...]] = (
    in_runtime(
        "all that is delivered while nothing can be written is kept in memory",
        "outbox/relay",
        "return not self._acks.full and",
        "return",
        "tests/runtime/test_relay.py::test_nothing_more_leaves_while_too_much_that_arrived_cannot_be_written_down",
    ),
    in_runtime(
        "a relay whose acks are written down again does not go on",
        "outbox/acks",
        "            self.on_room()\n",
        "            pass\n",
        "tests/runtime/test_relay.py::test_nothing_more_leaves_while_too_much_that_arrived_cannot_be_written_down",
    ),
    in_runtime(
        "the crash journal grows as long as something is under way",
        "unit_of_work/crash_journal",
        "        if self._size > _TRUNCATE_AT:\n",
        "        if self._size > _TRUNCATE_AT and not self._under_way:\n",
        "tests/runtime/test_crash_journal.py::test_the_file_stays_small_though_something_is_always_under_way",
    ),
    in_runtime(
        "a shortened crash journal forgets who runs",
        "unit_of_work/crash_journal",
        "self._write(self._of_suspects() + lines)",
        "self._write(self._of_suspects())",
        "tests/runtime/test_crash_journal.py::test_what_runs_alone_is_known_in_a_file_that_was_shortened",
    ),
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
    of_the_broker(
        "each look whether the connection of requests is lost stays in memory",
        "transports/rabbitmq/requests",
        "            each.cancel()  # the library keeps it as long as the connection lives",
        "            pass",
        "tests/rabbitmq/test_what_stays.py::test_who_asks_and_replies",
    ),
    of_the_broker(
        "each channel to a full queue leaves something in memory",
        "transports/rabbitmq/outgoing/destination",
        "            lost.cancel()\n",
        "",
        "tests/rabbitmq/test_what_stays.py"
        "::test_who_publishes_to_a_full_queue_on_one_channel_after_the_other",
    ),
)
