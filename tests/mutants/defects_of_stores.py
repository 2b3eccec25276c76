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
    in_runtime(
        "a handler's cancelled statement is the database's trouble",
        "database/faults",
        "    return _state(error) in _FULL or is_lost(error)",
        "    return _state(error) in _POSTGRESQL_OURS or is_lost(error)",
        "tests/runtime/test_faults.py::test_what_a_statement_meets_by_its_own_doing_is_no_trouble_of_the_database",
    ),
    in_runtime(
        "who ends its connection each time is believed each time",
        "inbox/attempt",
        " and self.losses <= _LOSSES",
        "",
        "tests/database/test_transactions.py::test_a_handlers_own_statement_that_always_fails_is_a_failure_and_ends_dead",
    ),
    in_runtime(
        "the connection's commit is not noticed",
        "database/sessions",
        "        self.spoilt = self._armed",
        "        self.spoilt = False",
        "test_isolation.py::test_a_handler_that_ruins_its_transaction_harms_only_itself",
    ),
    in_runtime(
        "a statement may end the transaction",
        "database/sessions",
        "        if self._armed and _is_of_transactions(statement):",
        "        if not self._armed and _is_of_transactions(statement):",
        "test_isolation.py::test_a_handler_that_ruins_its_transaction_harms_only_itself",
    ),
    in_runtime(
        "a statement without parameters may end a file's transaction",
        "database/sqlite/inline_dialect",
        "    def do_execute_no_params(",
        "    def do_execute_no_params_not(",
        "test_isolation.py::test_a_handler_that_ruins_its_transaction_harms_only_itself",
    ),
    in_runtime(
        "a file's commit and rollback are a handler's",
        "database/sqlite/inline_dialect",
        "    def do_rollback(",
        "    def do_rollback_not(",
        "test_isolation.py::test_a_handler_that_ruins_its_transaction_harms_only_itself",
    ),
    in_runtime(
        "a foreign lock holds the event loop",
        "database/sqlite/connection",
        "_BUSY_MILLISECONDS: Final = 20",
        "_BUSY_MILLISECONDS: Final = 5000",
        "test_isolation.py::test_a_file_that_another_program_locks_holds_up_its_own_module_alone",
    ),
    in_runtime(
        "a statement's answer is waited for without an end",
        "database/postgres/bounded",
        "            async with asyncio.timeout(seconds):",
        "            async with asyncio.timeout(None if seconds else 0):",
        "tests/database/test_waits.py::test_a_statement_without_an_answer_ends_with_its_connection",
    ),
    in_runtime(
        "a lost connection is closed without an end",
        "database/postgres/connection",
        "            await self.asked.answered(self.raw.close(), FAREWELL_SECONDS)",
        "            await self.raw.close()",
        "tests/database/test_waits.py::test_what_is_half_open_is_closed_in_time",
    ),
    in_runtime(
        "a frozen peer keeps its partitions",
        "database/postgres/silent_peers",
        "            await _end_sessions(sql, module, identity)",
        "            pass",
        "tests/database/test_waits.py::test_a_peer_that_is_frozen_inside_a_transaction_loses_its_partitions",
    ),
    in_runtime(
        "a lock is waited for without an end",
        "database/postgres/session_settings",
        "            SET lock_timeout = {int(self.lock_seconds * 1000)};",
        "            SET lock_timeout = 0;",
        "tests/database/test_waits.py::test_sessions_bound_their_waits_and_make_commits_durable",
    ),
    in_runtime(
        "a server decides whether a commit is durable",
        "database/postgres/session_settings",
        "            WHERE current_setting('synchronous_commit') = 'off'",
        "            WHERE current_setting('synchronous_commit') = 'never'",
        "tests/database/test_waits.py::test_sessions_bound_their_waits_and_make_commits_durable",
    ),
    in_runtime(
        "who waits for a reader waits without an end",
        "database/postgres/readers",
        "            async with asyncio.timeout(ANSWER_SECONDS):",
        "            async with asyncio.timeout(100 * ANSWER_SECONDS + 1000):",
        "tests/database/test_waits.py::test_who_waits_for_a_reader_hears_that_none_comes_free",
    ),
    in_runtime(
        "two instances pass each other at the end of a key",
        "inbox/recorder",
        "                await hold_place(transaction.sql, attempt.ordering_key)",
        "                pass",
        "tests/database/test_stuck_keys.py::test_two_instances_leave_nothing_of_a_key_behind",
    ),
    in_runtime(
        "what waits behind nothing waits for ever",
        "host/retention",
        "        for key in sweep.keys:",
        "        for key in ():",
        "tests/database/test_stuck_keys.py::test_a_key_of_which_nothing_is_due_is_released",
    ),
    in_runtime(
        "a prune stays before what waits",
        "host/retention",
        "        self._outbox_from = pruned.goes_on_from",
        "        self._outbox_from = 0",
        "test_retention.py::test_a_prune_looks_at_a_few_of_those_that_wait_and_comes_to_all_others",
    ),
)
