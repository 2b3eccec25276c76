"""Defects of settings that change while the system runs: half a change, an old one, one that nobody could use."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime, in_shop, of_the_broker

_LIVE: Final = "tests/runtime/test_live_settings.py"

SETTINGS: Final[tuple[Defect, ...]] = (
    in_runtime(
        "a control store from an old copy takes changes back",
        "host/live/following",
        "elif latest.revision < self.revision:",
        "elif latest.revision < 0:",
        "test_live_settings.py::test_a_control_store_from_an_old_copy_takes_nothing_back",
    ),
    in_runtime(
        "a running process takes half of a revision that it cannot use",
        "host/live/following",
        "            if not whatever_fits:",
        "            if not problem:",
        "test_live_settings.py::test_what_cannot_be_used_changes_nothing_of_it",
    ),
    in_runtime(
        "a process forgets its settings while the control store is away",
        "host/live/following",
        "        if last.revision:",
        "        if not last.revision:",
        "test_live_settings.py::test_a_process_starts_from_its_last_copy_while_the_control_store_is_away",
    ),
    in_runtime(
        "a process takes its first messages with old settings",
        "host/live/following",
        "        await self.look(whatever_fits=True)",
        "        await asyncio.sleep(0)",
        "test_live_settings.py::test_a_restart_begins_with_what_is_set",
    ),
    in_runtime(
        "a part that fails at a change keeps others from hearing of it",
        "config/live",
        "                failures.append(error)\n",
        "                raise error from None\n",
        f"{_LIVE}::test_a_part_that_fails_keeps_no_other_from_hearing_of_a_change",
    ),
    in_runtime(
        "a store that does not answer holds up all changes",
        "host/live/following",
        "            self._note()\n",
        "            self._note()\n            while self._writing:\n                await asyncio.sleep(0.1)\n",
        "test_live_settings.py::test_a_store_that_does_not_answer_holds_up_no_change",
    ),
    in_runtime(
        "a part that fails at a pause never hears of it",
        "inbox/steering/pause",
        "self._now, self._told = found, False",
        "self._now = found",
        "test_pause.py::test_a_part_that_fails_hears_of_a_pause_again",
    ),
    in_runtime(
        "two changes may follow the same one",
        "database/control/revisions",
        "previous BIGINT NOT NULL UNIQUE",
        "previous BIGINT NOT NULL",
        "test_live_settings.py::test_of_two_that_change_at_once_one_wins",
    ),
    in_runtime(
        "a change is kept that a process could not use",
        "cli/configure/agree",
        "        await _check(fleet, list(told), revision, reads=latest.revision)",
        "        await asyncio.sleep(0)",
        "tests/fleet/test_configuring.py::test_what_is_wrong_is_refused_everywhere",
    ),
    in_runtime(
        "a queue keeps the window that it was made with",
        "outbox/relay",
        "            queue.window = self._settings.window",
        "            queue.window += 0",
        "test_live_settings.py::test_a_window_becomes_wider_for_messages_that_wait",
    ),
    in_runtime(
        "turns that were taken away are given again",
        "inbox/steering/turns",
        "            while self._owed:",
        "            while self._owed < 0:",
        f"{_LIVE}::test_turns_become_fewer_while_some_are_taken_and_more_again",
    ),
    in_runtime(
        "a setting that is read at the start alone seems to change",
        "config/proposal",
        "    if leaf.hot is None:",
        "    if leaf.hot is None and not value:",
        f"{_LIVE}::test_what_is_wrong_changes_nothing",
    ),
    in_runtime(
        "a secret is kept among the settings",
        "config/proposal",
        "    if leaf.secret or shown(key, _PROBE) != _PROBE:",
        "    if shown(key, _PROBE) != _PROBE:",
        f"{_LIVE}::test_what_is_wrong_changes_nothing",
    ),
    in_runtime(
        "the level of one module is that of all",
        "telemetry/log_levels",
        '            if LEVELS.get(line["level"], least) < least:',
        "            if least < 0:",
        f"{_LIVE}::test_levels_of_modules_change_for_loggers_that_are_in_use",
    ),
    of_the_broker(
        "a prefetch stays as it was",
        "transports/rabbitmq/incoming/consumer",
        "        if self._wanted_prefetch() == self._prefetch:",
        "        if self._wanted_prefetch():",
        "tests/conformance/test_live_settings.py::test_a_prefetch_becomes_wider_for_messages_that_wait",
    ),
    in_runtime(
        "a module goes on with the settings that its container was made with",
        "host/containers",
        "        config.from_dict(declared",
        "        dict(declared",
        "tests/modules/test_payments.py::test_payments_are_switched_off_and_on_while_the_module_runs",
    ),
    in_shop(
        "payments that are switched off are authorised",
        "payments/handlers",
        "    if not outside.container.accepts():",
        "    if outside.container.accepts() is None:",
        "test_payments.py::test_payments_are_switched_off_and_on_while_the_module_runs",
    ),
)
