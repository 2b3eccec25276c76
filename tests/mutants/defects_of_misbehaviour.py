"""Defects in what holds against handlers, senders and calls that misbehave."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

MISBEHAVIOUR: Final[tuple[Defect, ...]] = (
    in_runtime(
        "a text that no database holds is kept as it is",
        "contract/texts",
        "    kept = _UNSTORABLE.sub(_REPLACEMENT, text[:most])",
        "    kept = text[:most]",
        "test_misbehaviour.py::test_a_failure_is_recorded_whatever_its_text",
    ),
    in_runtime(
        "a failure that cannot be recorded is tried for ever",
        "inbox/runner",
        "            attempt.envelope = storable_envelope(attempt.envelope)\n",
        "",
        "test_misbehaviour.py::test_a_message_that_cannot_be_kept_as_it_is_becomes_a_dead_letter_all_the_same",
    ),
    in_runtime(
        "a step may end the process",
        "inbox/outside_step",
        "            except (Exception, SystemExit) as error:",
        "            except Exception as error:",
        "test_misbehaviour.py::test_a_handler_that_ends_the_process_has_failed",
    ),
    in_runtime(
        "a context outlives its handler",
        "inbox/executor",
        "            context.end()\n",
        "",
        "test_misbehaviour.py::test_a_task_that_outlives_its_handler_is_refused",
    ),
    in_runtime(
        "a session outlives its handler",
        "inbox/executor",
        "            take_back(context.db)\n",
        "",
        "test_misbehaviour.py::test_a_task_that_outlives_its_handler_is_refused",
    ),
    in_runtime(
        "a plain function blocks the loop",
        "inbox/outside_step",
        "    returned = await asyncio.to_thread(step, message, outside)\n",
        "    returned = step(message, outside)\n",
        "test_misbehaviour.py::test_a_plain_function_may_block_while_others_go_on",
    ),
    in_runtime(
        "who needs somebody that is away spends attempts",
        "inbox/failures",
        "    elif isinstance(error, OwnerAway):",
        "    elif error is None:",
        "test_misbehaviour.py::test_who_needs_somebody_that_is_away_spends_no_attempt",
    ),
    in_runtime(
        "what was given up counts as a success",
        "inbox/outcome",
        '        case "discarded":',
        '        case "":',
        "test_misbehaviour.py::test_a_dead_letter_that_was_given_up_is_no_success",
    ),
    in_runtime(
        "another message under a known id is dropped without a word",
        "inbox/executor",
        "        return bool(read_json(handled) != read_json(body))",
        "        return False",
        "test_misbehaviour.py::test_another_message_under_a_known_id_changes_nothing_and_is_told",
    ),
    in_runtime(
        "a refused message forgets that it blocks",
        "inbox/runner",
        "                entry = codec.entry(attempt.envelope)\n",
        "                entry = codec.entry(attempt.envelope) if failure is None else entry\n",
        "test_misbehaviour.py::test_a_refused_message_blocks_its_key_if_its_front_page_says_so",
    ),
    in_runtime(
        "a forged message blocks a key",
        "inbox/outcome",
        ' and failure.reason != "forged"',
        "",
        "test_misbehaviour.py::test_a_refused_message_blocks_its_key_if_its_front_page_says_so",
    ),
    in_runtime(
        "a suspect waits for whoever hangs",
        "unit_of_work/isolation",
        "                async with asyncio.timeout(_LONGEST_WAIT_SECONDS):",
        "                async with asyncio.timeout(None):",
        "tests/runtime/test_isolation.py::test_who_runs_alone_waits_a_moment_only_for_the_others",
    ),
    in_runtime(
        "a suspect that is cancelled while it waits to be alone shuts everybody out",
        "unit_of_work/isolation",
        "            finally:\n                self._open.set()",
        "            except Exception:\n                self._open.set()\n                raise\n"
        "            self._open.set()",
        "tests/runtime/test_isolation.py"
        "::test_who_is_cancelled_before_it_runs_alone_lets_the_others_in",
    ),
    in_runtime(
        "who waits is suspected",
        "unit_of_work/crash_journal",
        "                journal.waits(who)\n",
        "",
        "test_crashes.py::test_kills_while_a_call_waits_for_its_answer_bury_nobody",
    ),
    in_runtime(
        "a write stays running under the id of another",
        "gateway/accepted_store",
        "                self._worked_on[message_id] = list(digests)",
        "                self._worked_on[verdict.message_id or message_id] = list(digests)",
        "test_requests.py::test_a_write_that_nobody_works_on_any_more_is_not_running",
    ),
    in_runtime(
        "an error's own text may fail whoever tells of it",
        "telemetry/privacy",
        "    except (Exception, SystemExit) as odd:",
        "    except ZeroDivisionError as odd:",
        "tests/runtime/test_failure_texts.py",
    ),
    in_runtime(
        "causes are followed without end",
        "telemetry/privacy",
        " and len(found) < _MOST_CAUSES:",
        ":",
        "tests/runtime/test_failure_texts.py::test_causes_without_end_are_cut",
    ),
    in_runtime(
        "headers nested without end end their connection",
        "transports/rabbitmq/frame_reader",
        "    except Exception:  # noqa: BLE001 - whatever a stranger has put there",
        "    except ValueError:  # noqa: BLE001 - whatever a stranger has put there",
        "tests/runtime/test_frames.py::test_headers_that_are_nested_without_end_are_no_headers",
    ),
    in_runtime(
        "a key that is no text ends its connection",
        "transports/rabbitmq/frame_reader",
        '    return data[start:end].decode(errors="replace"), end',
        "    return data[start:end].decode(), end",
        "tests/runtime/test_frames.py::test_a_delivery_by_a_key_that_is_no_text_ends_nothing",
    ),
    in_runtime(
        "who logs waits for whoever reads the log",
        "telemetry/log_stream",
        "        return bool(found)",
        "        return True",
        "tests/runtime/test_log_stream.py",
    ),
    in_runtime(
        "each line waits anew for a reader that is slow",
        "telemetry/log_stream",
        "self._left = max(0.0, self._left - (self._looked - began))",
        "self._left = self._patience",
        "tests/runtime/test_log_stream.py"
        "::test_a_reader_that_is_slow_is_waited_for_once_and_not_for_each_line",
    ),
    in_runtime(
        "who logs fails with the log",
        "telemetry/log_stream",
        "            except (OSError, ValueError):",
        "            except ZeroDivisionError:",
        "tests/runtime/test_log_stream.py",
    ),
)
