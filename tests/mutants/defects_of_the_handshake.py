"""Defects of the handshake: who compares itself with whom, what is read, who takes work all the same."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

_TESTS: Final = "tests/fleet/test_handshake.py"
_MISFIT: Final = f"{_TESTS}::test_one_whose_contract_does_not_fit_waits_and_joins_once_it_does"

HANDSHAKE: Final[tuple[Defect, ...]] = (
    in_runtime(
        "a process takes work though a contract does not fit",
        "host/handshake/handshake",
        'while found.misfits and self._how == "refuse":',
        'while found.misfits and self._how == "never":',
        _MISFIT,
    ),
    in_runtime(
        "a process that waits does not look again",
        "host/handshake/peers",
        "processes.pop(self._instance, None)",
        "processes.pop(self._instance, None) if not self._judged else processes",
        _MISFIT,
    ),
    in_runtime(
        "a process that is to warn does not say what does not fit",
        "host/handshake/handshake",
        'self._tell(found.misfits, "takes work all the same: --handshake=warn")',
        "pass",
        f"{_TESTS}::test_one_that_is_told_to_warn_says_it_and_works",
    ),
    in_runtime(
        "what a receiver takes no more is no misfit",
        "host/handshake/comparison",
        "            if read is None:\n                found.misfits.append",
        "            if read is None:\n                found.told.append",
        f"{_TESTS}::test_what_a_receiver_takes_no_more_does_not_fit",
    ),
    in_runtime(
        "of two that start at once neither waits",
        "host/handshake/peers",
        "return (said.since, instance) < (self._own.since, self._instance)",
        "return False",
        f"{_TESTS}::test_of_two_that_start_at_once_and_do_not_fit_one_works",
    ),
    in_runtime(
        "a process that does not answer stops a start",
        "host/handshake/peers",
        'return Findings(unknown=[f"{name}: {error.why or error.what}"])',
        "raise",
        f"{_TESTS}::test_one_that_does_not_answer_is_named_and_stops_no_start",
    ),
    in_runtime(
        "messages that wait are not read by new code before it works",
        "host/handshake/handshake",
        "            found.add(await each.findings())",
        "            await each.findings()",
        f"{_TESTS}::test_a_delayed_message_that_the_code_cannot_read_keeps_it_from_work",
    ),
    in_runtime(
        "a message that waits is shown with personal data",
        "host/handshake/stored",
        "MASK if name in hidden or name not in",
        "MASK if name not in",
        f"{_TESTS}::test_a_delayed_message_that_the_code_cannot_read_keeps_it_from_work",
    ),
    in_runtime(
        "every start reads all that waits",
        "host/handshake/stored",
        "        async with writing_alone(self._hosted.store) as writing:\n            await note_fact",
        "        async with writing_alone(self._hosted.store) as writing:\n            said or await note_fact",
        f"{_TESTS}::test_stored_messages_are_read_only_where_a_contract_has_changed",
    ),
    in_runtime(
        "messages to other modules are not read in the outbox",
        "database/steering/stored",
        "        for row in rows:\n            yield envelope_of",
        "        for row in rows if not kind.receiver else ():\n            yield envelope_of",
        f"{_TESTS}::test_a_message_in_the_outbox_that_its_receiver_cannot_read_keeps_it_from_work",
    ),
    in_runtime(
        "a line that was told is told again",
        "telemetry/recent_lines",
        "number > asked.after",
        "number > 0",
        "tests/fleet/test_following.py",
    ),
    in_runtime(
        "the health check takes a process that is not ready for one that is",
        "host/listens",
        "            draft.replace",
        "            print(draft) or draft.exists() and None and draft.replace",
        "tests/deployment/test_health_check.py",
    ),
)
