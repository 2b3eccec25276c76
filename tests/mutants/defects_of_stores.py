"""Defects in what is asked of databases: how long, how much, and whose trouble a failure is."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

STORES: Final[tuple[Defect, ...]] = (
    in_runtime(
        "a limit counts messages where it cuts off rows",
        "outbox/reader",
        "        limit = beyond + max(room, most) + 1",
        "        limit = max(room, most) + 1",
        "tests/runtime/test_relay.py::test_each_piece_that_is_read_brings_messages_that_are_not_in_memory",
    ),
    in_runtime(
        "a backlog keeps the event loop to itself",
        "outbox/relay",
        "            await asyncio.sleep(0)\n        if queue",
        "        if queue",
        "tests/runtime/test_relay.py::test_a_backlog_leaves_without_keeping_the_event_loop_to_itself",
    ),
)
