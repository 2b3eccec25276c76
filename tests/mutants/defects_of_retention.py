"""Defects of the clean-up: what is forgotten before its receivers have it, and what is kept for nobody."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime, of_the_broker

_RESTORED: Final = "tests/runtime/test_restored.py::"
RETENTION: Final[tuple[Defect, ...]] = (
    of_the_broker(
        "what a receiver has forgotten is sent to it again though it said to have it",
        "database/outbox",
        '" AND (o.time >= ? OR o.asked IS NULL',
        '" AND (o.time < ? OR o.asked IS NULL',
        "tests/rabbitmq/test_takeover.py::test_what_a_receiver_has_forgotten_counts_as_it_said",
    ),
    in_runtime(
        "what is old is forgotten before its receivers have it",
        "database/outbox",
        '    " AND NOT EXISTS (SELECT 1 FROM amphibus_awaited a WHERE a.seq = o.seq))"',
        '    ")"',
        "test_receivers_word.py::test_what_a_receiver_does_not_have_is_kept_however_old_it_is",
    ),
    in_runtime(
        "what no receiver was asked about is forgotten",
        "database/outbox",
        "DELETE FROM amphibus_outbox WHERE asked = 1 AND seq IN",
        "DELETE FROM amphibus_outbox WHERE seq IN",
        "test_receivers_word.py::test_what_was_committed_late_is_asked_about_before_it_is_forgotten",
    ),
    in_runtime(
        "one receiver's word is taken for that of all",
        "host/sending/receivers_word",
        "        for destination, since in to.get(each.type, ()):",
        "        for destination, since in to.get(each.type, [])[:1]:",
        "test_receivers_word.py::test_what_a_receiver_does_not_have_is_kept_however_old_it_is",
    ),
    in_runtime(
        "a receiver that does not answer is taken to have everything",
        "host/sending/receivers_word",
        "            self._fell_silent(destination, describe(error))\n            return set(ids)",
        "            self._fell_silent(destination, describe(error))\n            return set()",
        "test_receivers_word.py::test_a_receiver_that_does_not_know_the_question_loses_nothing",
    ),
    in_runtime(
        "a word that was given is not noted",
        "host/sending/receivers_word",
        "some if each.id in not_there]",
        "some if each.id]",
        "test_receivers_word.py::test_a_receivers_word_outlives_what_it_remembers",
    ),
    in_runtime(
        "what was forgotten is believed to be new once more is remembered",
        "database/inbox",
        "        await note_forgotten(sql, before + slack)\n",
        "        pass\n",
        "test_retention.py::test_what_was_forgotten_stays_so_when_more_is_remembered",
    ),
    in_runtime(
        "a start does not look how far its inbox has forgotten",
        "host/module_host",
        "            await self._wiring.remembered.look(self.store.reader)\n",
        "",
        "test_retention.py::test_what_was_forgotten_stays_so_when_more_is_remembered",
    ),
    in_runtime(
        "a message that its receiver says to have forgotten is waited for",
        "host/sending/receivers_word",
        "if each.time < known_since}",
        "if each.time < 0}",
        "test_receivers_word.py"
        "::test_the_word_of_a_receiver_that_says_that_it_has_forgotten_is_not_taken",
    ),
    in_runtime(
        "a message that its receiver says to have forgotten is sent again",
        "host/sending/lost_messages",
        "if each.time >= known_since]",
        "if each.time or known_since]",
        "tests/direct/test_recognition.py"
        "::test_what_a_receiver_says_to_have_forgotten_is_not_sent_again",
    ),
    in_runtime(
        "a takeover sends again what a database that was restored alone has lost",
        "host/transport_switch",
        "and not settings.handle_again:",
        "and settings.handle_again:",
        f"{_RESTORED}test_a_database_that_was_restored_alone_is_refused_by_name",
    ),
    in_runtime(
        "a database that has forgotten is taken for one that was restored",
        "host/takeover",
        "    known_since = max(known_since, await forgotten_before(receiver.store.reader))\n",
        "",
        f"{_RESTORED}test_what_was_forgotten_makes_no_database_older",
    ),
    in_runtime(
        "what was lost at a broker is taken for what a restored database has lost",
        "database/upkeep/awaited",
        '        "SELECT o.seq FROM amphibus_outbox o WHERE o.asked = 1"\n',
        '        "SELECT o.seq FROM amphibus_outbox o WHERE 1 = 1"\n',
        f"{_RESTORED}test_what_was_lost_at_the_broker_makes_no_database_older",
    ),
    in_runtime(
        "nobody notices that a receiver lacks what it said to have",
        "host/sending/receivers_word",
        "        for destination in sorted(self._not_looked_at):\n",
        "        for destination in ():\n",
        "test_receivers_word.py::test_a_receiver_that_lacks_what_it_said_to_have_is_told_once",
    ),
    in_runtime(
        "a module that is no more keeps messages for ever",
        "host/retention",
        "in await destinations_other_than(sql, self._modules):",
        "in await destinations_other_than(sql, (*self._modules, *self._modules)) and ():",
        "test_receivers_word.py::test_a_module_that_is_no_more_holds_nothing_for_ever",
    ),
)
