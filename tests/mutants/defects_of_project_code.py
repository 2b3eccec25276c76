"""Defects in what holds against code of a project, middleware and partners that misbehave, beside the handlers."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

_CODE: Final = "tests/runtime/test_project_code.py"
_DOOR: Final = "tests/gateway/test_project_code.py"
_EXCHANGE: Final = "tests/gateway/test_exchanges.py"
_LINE: Final = "tests/integrations/test_line.py"
_STREAM: Final = "tests/integrations/test_faststream.py"

PROJECT_CODE: Final[tuple[Defect, ...]] = (
    in_runtime(
        "a supervised task may end the process",
        "supervision",
        "        except (Exception, SystemExit) as error:",
        "        except Exception as error:",
        "tests/runtime/test_supervised_exit.py::test_an_exit_in_a_task_does_not_end_its_process",
    ),
    in_runtime(
        "what a limit counts by is the database's trouble",
        "inbox/runner",
        "            fail=self._fail,\n",
        "            fail=self._lost,\n",
        f"{_CODE}::test_what_a_limit_counts_by_may_fail",
    ),
    in_runtime(
        "a converter may end the process",
        "routing/codec",
        "    except (Exception, SystemExit) as error:\n        pair",
        "    except Exception as error:\n        pair",
        f"{_CODE}::test_a_converter_of_what_is_asked_may_fail",
    ),
    in_runtime(
        "a schedule may end the process",
        "inbox/steering/schedules",
        "        except (Exception, SystemExit) as error:",
        "        except Exception as error:",
        f"{_CODE}::test_a_schedule_may_fail_to_make_its_command",
    ),
    in_runtime(
        "a schedule sends a key that no database holds",
        "inbox/steering/schedules",
        "            key=key_of(message) or self.key,",
        "            key=message.key_value() or self.key,",
        f"{_CODE}::test_a_schedule_may_fail_to_make_its_command",
    ),
    in_runtime(
        "a suspect that is cancelled from within keeps its key for ever",
        "inbox/runner",
        "            except (Exception, asyncio.CancelledError) as error:",
        "            except Exception as error:",
        f"{_CODE}::test_a_suspect_that_is_cancelled_from_within_has_failed",
    ),
    in_runtime(
        "what lines up behind a held message keeps its key for ever",
        "inbox/receiver",
        "            following = self._key_order.leave(following)\n",
        "            following = None\n",
        f"{_CODE}::test_what_lines_up_behind_a_held_message_does_not_hold_its_key",
    ),
    in_runtime(
        "what a handler met in another file is waited for",
        "database/faults",
        "& 0xFF in _OF_ANY_FILE",
        "& 0xFF in ()",
        f"{_CODE}::test_a_handler_that_reads_what_is_no_database_has_failed",
    ),
    in_runtime(
        "settings at which code of a project fails end what follows them",
        "host/live/following",
        "        except (Exception, SystemExit) as error:",
        "        except SystemExit as error:",
        "test_live_settings.py::test_settings_at_which_code_of_the_project_fails_change_nothing",
    ),
    in_runtime(
        "calls that hang take as many threads as there are",
        "inbox/outside_threads",
        "        if hanging >= self._most_left:",
        "        if hanging > 1_000:",
        "tests/runtime/test_outside_threads.py::test_calls_that_hang_after_their_time_leave_the_others_their_threads",
    ),
    in_runtime(
        "a malformed key costs its issuer all keys",
        "access/key_set",
        "            with contextlib.suppress(*_MALFORMED):",
        "            with contextlib.suppress():",
        "tests/access/test_tokens.py::test_a_key_set_gives_no_secret_and_no_weak_key",
    ),
    in_runtime(
        "an address with an endless port blinds a process",
        "transports/direct/file_directory",
        "    ArithmeticError,  # a port may be Infinity\n",
        "",
        "tests/direct/test_directories.py::test_what_is_no_address_is_passed_over",
    ),
    in_runtime(
        "a request may end the process",
        "gateway/app",
        "    except (Exception, SystemExit) as error:",
        "    except Exception as error:",
        f"{_DOOR}::test_what_a_quota_counts_by_may_fail",
    ),
    in_runtime(
        "what a quota counts by is the store's trouble",
        "gateway/limits/quotas",
        '        raise ProjectCodeFailed("what a quota counts by") from error',
        "        raise error",
        f"{_DOOR}::test_what_a_quota_counts_by_may_fail",
    ),
    in_runtime(
        "what a validator raises is the store's trouble",
        "gateway/bindings",
        '            raise ProjectCodeFailed(f"a validator of {self.contract.contract_type}") from error',
        "            raise error",
        f"{_DOOR}::test_a_validator_may_fail",
    ),
    in_runtime(
        "a body that is given again stops the process",
        "gateway/exchanges",
        "            await asyncio.sleep(_LOOK_SECONDS)",
        "            pass",
        f"{_EXCHANGE}::test_a_body_that_is_given_again_and_again_does_not_stop_the_process",
    ),
    in_runtime(
        "a content type is read again for each of its blanks",
        "gateway/exchanges",
        'json\\s*+(?:;\\s*+charset=\\"?utf-8\\"?\\s*+)?;?\\s*+"',
        'json\\s*(?:;\\s*charset=\\"?utf-8\\"?\\s*)?;?\\s*"',
        f"{_EXCHANGE}::test_a_long_content_type_is_read_once",
    ),
    in_runtime(
        "a type that is no text is a fault of ours",
        "gateway/incoming/mapping",
        "(isinstance(type_, str) and type_ in self._types)",
        "(type_ in self._types)",
        "tests/webhooks/test_incoming.py::test_a_type_that_is_no_text_is_none_of_those_that_are_taken",
    ),
    in_runtime(
        "an owner that does not answer holds up the word of others",
        "gateway/outcomes/follower",
        "        await asyncio.gather(*(self._ask_owner(*each) for each in by_owner.items()))\n",
        "        for each in by_owner.items():\n            await self._ask_owner(*each)\n",
        "tests/modules/test_many_wait.py::test_an_owner_that_does_not_answer_keeps_nobody_from_the_word_of_another",
    ),
    in_runtime(
        "large messages silence the connection that they share with requests",
        "transports/direct/deliveries",
        "self._messages < _AT_ONCE and self._bytes + size <= _MOST_BYTES",
        "self._messages < _AT_ONCE",
        "tests/direct/test_large_messages.py::test_large_messages_that_wait_do_not_silence_their_connection",
    ),
    in_runtime(
        "messages that take long hold up all that follow",
        "integrations/line",
        "await asyncio.wait(begun, timeout=_SLOW_SECONDS)",
        "await asyncio.wait(begun)",
        f"{_LINE}::test_a_message_that_takes_long_holds_up_no_other",
    ),
    in_runtime(
        "messages that are refused take up the window",
        "integrations/stored",
        "        if besides:\n",
        "        if not besides:\n",
        f"{_LINE}::test_messages_that_are_refused_hold_up_their_key_alone",
    ),
    in_runtime(
        "a relay waits for a connection that answers no more",
        "integrations/stored",
        "async with asyncio.timeout(_ANSWER_SECONDS), self._sessions() as session:",
        "async with asyncio.timeout(None), self._sessions() as session:",
        f"{_LINE}::test_a_relay_goes_on_though_a_connection_of_it_answers_no_more",
    ),
    in_runtime(
        "the end of a relay waits for its database for ever",
        "integrations/relay",
        "    await asyncio.wait((task,), timeout=_STOP_SECONDS)",
        "    await asyncio.wait((task,))",
        f"{_LINE}::test_a_relay_stops_though_its_database_does_not_answer",
    ),
    in_runtime(
        "a producer is patient anew for each message before one",
        "producer",
        "                asyncio.timeout(self._patience),",
        "                asyncio.timeout(None),",
        f"{_LINE}::test_the_patience_of_a_producer_holds_for_the_turn_of_a_message_too",
    ),
    in_runtime(
        "a handler of an application may end its process",
        "integrations/faststream",
        "        except (Exception, SystemExit, asyncio.CancelledError) as error:",
        "        except Exception as error:",
        f"{_STREAM}::test_a_handler_that_ends_more_than_itself_has_failed",
    ),
    in_runtime(
        "who never answers in time is waited for by an application",
        "integrations/faststream",
        "and late < self._attempts:",
        "and late < 1_000:",
        f"{_STREAM}::test_a_handler_that_ends_more_than_itself_has_failed",
    ),
    in_runtime(
        "a handler of an application may commit",
        "integrations/one_transaction",
        "        if self.armed and not session.in_nested_transaction():",
        "        if session is None:",
        f"{_STREAM}::test_a_handler_may_not_end_its_transaction",
    ),
    in_runtime(
        "a handler of an application may roll back",
        "integrations/one_transaction",
        "        guard.look(connection)\n",
        "",
        f"{_STREAM}::test_a_handler_may_not_end_its_transaction",
    ),
)
