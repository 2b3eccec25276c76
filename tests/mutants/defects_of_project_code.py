"""Defects in what holds against code of a project, middleware and partners that misbehave, beside the handlers."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

_CODE: Final = "tests/runtime/test_project_code.py"
_DOOR: Final = "tests/gateway/test_project_code.py"
_EXCHANGE: Final = "tests/gateway/test_exchanges.py"

PROJECT_CODE: Final[tuple[Defect, ...]] = (
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
)
