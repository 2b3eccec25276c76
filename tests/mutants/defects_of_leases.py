"""Defects in what a sender does with partitions that it has given away, or has got just now."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

_RELAY: Final = "tests/runtime/test_relay.py::"
_ROUTES: Final = "tests/runtime/test_sender_routes.py::"

LEASES: Final[tuple[Defect, ...]] = (
    in_runtime(
        "whom to ask about partitions that come is overwritten before it is read",
        "host/sending/changeover",
        "        if not self._unread and await self._notes.write(partitions, receivers):",
        "        if await self._notes.write(partitions, receivers):",
        "tests/direct/test_changeover_trouble.py"
        "::test_whom_to_ask_about_partitions_that_come_while_others_are_asked_about_is_kept",
    ),
    in_runtime(
        "what is under way of a partition that was given away counts once it is confirmed",
        "outbox/delivery_queue",
        "for seq, each in self._under_way.items() if not theirs(each)}",
        "for seq, each in self._under_way.items()}",
        f"{_RELAY}test_a_confirm_from_before_a_partition_was_given_away_counts_no_more",
    ),
    in_runtime(
        "what is safe and not written down of a lost partition is taken for written down",
        "outbox/relay",
        "        self._acks.leave_to_others(lost)\n",
        "",
        f"{_RELAY}test_what_is_safe_and_was_not_written_down_before_a_partition_was_given_away"
        "_leaves_again",
    ),
    in_runtime(
        "whoever was struck off takes messages out of the line of others",
        "outbox/acks",
        "            if token is None or token in transaction.lease_tokens\n",
        "",
        f"{_RELAY}test_who_was_struck_off_and_does_not_know_it_takes_nothing_out_of_the_line"
        "_of_others",
    ),
    in_runtime(
        "a partition is given away before it is written down what of it is safe",
        "outbox/relay",
        "        self._leave_to_others(partitions)\n        await self.drain()\n",
        "        self._leave_to_others(partitions)\n",
        f"{_RELAY}test_what_is_safe_is_written_down_before_a_partition_is_given_away",
    ),
    in_runtime(
        "an instance that begins takes the routes of others out of the notes",
        "host/sending/routes",
        "        routes = self._of_all(of, alive)\n",
        "        routes = self._own\n",
        f"{_ROUTES}test_an_old_instance_that_begins_again_leaves_the_routes_of_a_new_one",
    ),
    in_runtime(
        "routes on which nobody sends any more are asked about for ever",
        "host/sending/routes",
        "for each in alive.intersection(of)",
        "for each in of",
        f"{_ROUTES}test_an_old_instance_that_begins_again_leaves_the_routes_of_a_new_one",
    ),
    in_runtime(
        "a route that is noted again begins anew",
        "host/sending/routes",
        "        known = {**self._since, **(noted or {})}\n",
        "        known = noted or {}\n",
        f"{_ROUTES}test_whoever_was_taken_for_dead_notes_its_routes_again_since_when_they_are_taken",
    ),
)
