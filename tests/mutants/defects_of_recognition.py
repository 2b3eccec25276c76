"""Defects in how a sender recognises the broker that has its messages."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime, of_the_broker

_RECOGNITION: Final = "tests/direct/test_recognition.py::"
_AT_ONCE: Final = f"{_RECOGNITION}test_what_it_had_arrives_before_what_follows_it"
_REPLACED: Final = "tests/rabbitmq/test_replaced.py::"

RECOGNITION: Final[tuple[Defect, ...]] = (
    in_runtime(
        "nobody looks for the mark",
        "host/sending/recognition",
        "        while not (noted and await marks.has(noted)):",
        "        while not noted:",
        _AT_ONCE,
    ),
    in_runtime(
        "a new mark is noted, and not whom to ask",
        "host/sending/recognition",
        "    await note_mark(transaction.sql, mark)\n"
        "    await _note(transaction.sql, partitions, receivers)\n",
        "    await note_mark(transaction.sql, mark)\n",
        "tests/direct/test_changeover_crashes.py"
        "::test_whoever_is_killed_where_a_broker_is_not_recognised_goes_on[way.noted]",
    ),
    in_runtime(
        "messages leave for an unknown broker before their receivers were asked",
        "host/sending/recognition",
        "        self._doubt(receivers)\n        self._notes.mark = mark\n",
        "        self._notes.mark = mark\n",
        _AT_ONCE,
    ),
    in_runtime(
        "an old broker is taken for the one that has the messages",
        "host/sending/recognition",
        "        left = uuid4().hex\n",
        '        left = "0" * 32\n',
        f"{_RECOGNITION}test_an_old_broker_does_not_have_what_another_one_in_its_place_was_given",
    ),
    in_runtime(
        "a question for an earlier broker counts for this one",
        "host/sending/recognition",
        "    if await mark_held(transaction.sql) != mark:\n        return None\n",
        "",
        f"{_RECOGNITION}test_what_was_asked_for_one_broker_does_not_count_for_another",
    ),
    in_runtime(
        "a restored database takes a broker that lives on for the one that has its messages",
        "admin/backup",
        "            return disown_broker_in_file(connection)\n",
        "            return True\n",
        f"{_RECOGNITION}test_what_was_at_the_broker_at_the_moment_of_a_backup_is_sent_again",
    ),
    in_runtime(
        "a sender that has been idle asks about its whole outbox",
        "database/outbox",
        "    return row[0] - 1 if row and row[0] else await newest_sent(sql)\n",
        "    return (row[0] or 1) - 1 if row else 0\n",
        "tests/direct/test_long_outbox.py::test_an_idle_sender_reads_nothing_that_was_asked_about",
    ),
    in_runtime(
        "a long outbox is read at once",
        "host/sending/lost_messages",
        "await number_after(sql, beyond, messages=_PAGE)",
        "await number_after(sql, beyond, messages=2**31)",
        "tests/direct/test_long_outbox.py::test_every_piece_that_is_read_lets_others_run",
    ),
    in_runtime(
        "a frozen broker counts as there again once requests give it up",
        "transports/rabbitmq/connection",
        "        if _is_publishing(part):\n            self._silent = False",
        "        if part:\n            self._silent = False",
        "tests/runtime/test_broker_connection.py"
        "::test_a_frozen_broker_is_away_until_it_answers_or_publishing_gives_up",
    ),
    of_the_broker(
        "senders publish before they have looked for their marks",
        "transports/rabbitmq/outgoing/publisher",
        "            self._tasks |= await self.senders.recognise(connection, strayed=strayed)\n",
        "            pass\n",
        f"{_REPLACED}test_what_it_had_confirmed_arrives_once_and_in_order[rabbitmq]",
    ),
    of_the_broker(
        "a sender that cannot look for its mark publishes all the same",
        "transports/rabbitmq/outgoing/marks",
        "            tasks[each].withhold()\n",
        "            pass\n",
        f"{_REPLACED}test_a_sender_whose_database_is_away_publishes_nothing_and_holds_nobody",
    ),
    of_the_broker(
        "what strayed between two bindings is not asked about",
        "transports/rabbitmq/outgoing/strays",
        "            self._unroutable.discard(exchange)\n            self._tell()\n",
        "            self._unroutable.discard(exchange)\n",
        "tests/rabbitmq/test_taken_away.py"
        "::test_an_event_that_comes_between_two_bindings_reaches_all_who_hear_it",
    ),
)
