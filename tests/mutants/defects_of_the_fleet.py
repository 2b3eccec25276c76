"""Defects of what operators see and steer: who may look, who is there, what is paused, where processes stand."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

FLEET: Final[tuple[Defect, ...]] = (
    in_runtime(
        "any module may look into any other",
        "messages/system_requests",
        'if right in ("peer", "sends") or asking == asked or',
        'if right != "act" or asking == asked or',
        "test_system_contracts.py::test_nobody_looks_into_a_store_but_who_may_write_it",
    ),
    in_runtime(
        "a process with much to do is taken for a frozen one",
        "transports/direct/fleet/registry",
        "UNCLEAR if fleet.heard(first.instance, began) else SILENT",
        "SILENT",
        "tests/fleet/test_silent.py"
        "::test_one_that_answers_another_question_meanwhile_is_not_silent",
    ),
    in_runtime(
        "any module may steer any other",
        "messages/system_requests",
        'if right in ("peer", "sends") or asking == asked or',
        'if right in ("peer", "sends", "act") or asking == asked or',
        "test_pause.py::test_nobody_pauses_another_module",
    ),
    in_runtime(
        "a paused module goes on with what comes",
        "inbox/receiver",
        "if self._held is not None and attempt.origin is Origin.DELIVERY:",
        "if self._held and attempt.origin is Origin.DELIVERY:",
        "test_pause.py::test_a_paused_module_handles_nothing_and_its_senders_keep",
    ),
    in_runtime(
        "what was held is forgotten when its module goes on",
        "inbox/receiver",
        "held, self._held = self._held or (), None",
        "held, self._held = (), None",
        "test_pause.py::test_what_is_paused_by_another_process_is_seen_and_resumed",
    ),
    in_runtime(
        "a decided command is done though its module is paused",
        "inbox/receiver",
        "if why := self._services.pauses.why_not(envelope.type):",
        "if why := self._services.pauses.why_not(envelope.type)[:0]:",
        "test_pause.py::test_a_paused_module_handles_nothing_and_its_senders_keep",
    ),
    in_runtime(
        "a pause is forgotten with its process",
        "host/pausing",
        "        await self._pauses.look()",
        "        await asyncio.sleep(0)",
        "test_pause.py::test_a_paused_module_handles_nothing_and_its_senders_keep",
    ),
    in_runtime(
        "the call of a paused type is made",
        "inbox/runner",
        "if attempt.has_call and self._services.pauses.of(",
        "if not attempt.has_call and self._services.pauses.of(",
        "test_pause.py::test_a_paused_type_calls_nobody_outside",
    ),
    in_runtime(
        "a process that has ended stays in the list",
        "process",
        "context.moves[self.name, key] = None if self.state(chosen).final else chosen",
        "context.moves[self.name, key] = chosen",
        "test_processes_listed.py::test_a_process_is_listed_from_its_begin_to_its_end",
    ),
    in_runtime(
        "a process that stays in its state seems to have come there just now",
        "process",
        "if before is None or before.name != chosen:",
        "if before is None or chosen:",
        "test_processes_listed.py::test_a_state_that_a_process_stays_in_goes_on_counting",
    ),
    in_runtime(
        "those who come to wait put off those who wait already",
        "gateway/outcomes/follower",
        "if now() >= again:",
        "if now() >= again and not asked:",
        "tests/modules/test_many_wait.py::test_those_who_come_all_the_time_put_nobody_else_off",
    ),
    in_runtime(
        "a stream ends with its first heartbeat",
        "gateway/outcomes/waiting",
        "while beat is not None and not (found.done() or gone.done() or ending.done()):",
        "if beat is not None and not found.done():",
        "tests/modules/test_many_wait.py::test_who_waits_long_asks_once",
    ),
    in_runtime(
        "one question that fails leaves those who wait for ever",
        "gateway/outcomes/follower",
        "        except Exception as error:  # noqa: BLE001 - a stream waits",
        "        except EOFError as error:  # a stream waits",
        "tests/modules/test_outcomes.py::test_a_question_that_fails_in_any_way_is_asked_again",
    ),
    in_runtime(
        "a store that is away is no matter of streams",
        "gateway/faults",
        "        if not begun:\n",
        "        if begun:\n",
        "tests/modules/test_outcomes.py::test_a_store_that_is_away_is_told_to_who_wants_a_stream",
    ),
    in_runtime(
        "what fails before a request is taken may have been done",
        "gateway/writes",
        'exchange.asked, exchange.unchanged = "write", True',
        'exchange.asked, exchange.unchanged = "write", False',
        "tests/gateway/test_faults.py::test_a_request_that_fails_before_it_is_taken_has_changed_nothing",
    ),
    in_runtime(
        "an act that is done is told not to be",
        "inbox/system/answering",
        "        with contextlib.suppress(Exception):\n",
        "        with contextlib.suppress(EOFError):\n",
        "test_pause.py::test_what_is_done_is_told_to_be_done_though_it_cannot_be_looked_at",
    ),
    in_runtime(
        "one process that answers in other words hides all",
        "transports/direct/fleet/asking",
        "    except ValidationError as error:",
        "    except EOFError as error:",
        "tests/fleet/test_silent.py::test_one_that_answers_in_other_words_is_named_and_hides_no_other",
    ),
    in_runtime(
        "messages are remembered for viewers who have gone",
        "inbox/steering/tap",
        "if now > self._until:",
        "if now > self._until + now:",
        "tests/fleet/test_tapping.py::test_who_has_gone_is_forgotten_with_what_he_saw",
    ),
    in_runtime(
        "long payloads are remembered with their heads",
        "inbox/steering/tap",
        'replace(envelope, body=b"", decoded=[])',
        "replace(envelope)",
        "tests/fleet/test_tapping.py::test_messages_of_a_megabyte_leave_only_their_heads_in_memory",
    ),
    in_runtime(
        "payloads are revealed without a note in the audit",
        "inbox/system/answering",
        "await self._services.writer.submit(partial(self._note_first, asked, revealed))",
        "pass",
        "tests/fleet/test_tapping.py::test_personal_data_is_left_out_unless_it_is_revealed_which_is_audited",
    ),
)
