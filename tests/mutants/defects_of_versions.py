"""Defects of contracts in time: what ends, what is converted, and who reads what."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime, of_the_broker

_SUNSET: Final = "tests/evolution/test_sunset.py"
_CONVERTERS: Final = "tests/contracts/test_converters.py"
_READS: Final = "tests/evolution/test_reads.py"
_READERS: Final = "tests/evolution/test_readers.py"

VERSIONS: Final[tuple[Defect, ...]] = (
    in_runtime(
        "an end may come earlier than was said",
        "evolution/sunset",
        'elif new["sunset"] < old["sunset"]:',
        'elif new["sunset"] < old["since"]:',
        f"{_SUNSET}::test_an_end_that_was_said_comes_no_earlier",
    ),
    in_runtime(
        "what is deprecated may be removed at once",
        "evolution/sunset",
        'return end is not None and date.fromisoformat(end["sunset"]) <= today',
        'return end is not None and date.fromisoformat(end["since"]) <= today',
        f"{_SUNSET}::test_a_contract_is_removed_once_it_has_ended",
    ),
    in_runtime(
        "a refusal does not tell of the end",
        "gateway/app",
        "        if target.ends:",
        "        if target.ends and answer.status < 400:",
        "tests/gateway/test_ends.py::test_every_answer_of_a_deprecated_route_tells_its_days",
    ),
    in_runtime(
        "an old question gets the new answer",
        "routing/codec",
        "return returned if back is None or returned is None else back(returned)",
        "return returned",
        f"{_CONVERTERS}::test_an_answer_goes_back_in_the_version_that_was_asked",
    ),
    in_runtime(
        "a converter may lose a field",
        "testing/converters",
        "            if made[one] == made[other]:\n",
        "            if made[one] is made[other]:\n",
        f"{_CONVERTERS}::test_what_a_converter_gets_wrong_is_shown_by_a_message",
    ),
    in_runtime(
        "what is handed on as a whole is not read",
        "testing/reads",
        'if name == "__dict__":',
        'if name == "__dict__" and not prefix:',
        f"{_READS}::test_what_a_handler_reads_is_noted",
    ),
    in_runtime(
        "the reads of the runtime count as the handler's",
        "testing/reads",
        'if not _reader(frame).startswith("amphibus."):',
        "if _reader(frame):",
        f"{_READS}::test_what_a_handler_reads_is_noted",
    ),
    in_runtime(
        "who was never seen reads nothing",
        "evolution/readers",
        "return [each for each in subscribers if each not in self.found.get(type_, {})]",
        "return [each for each in subscribers if each in type_]",
        f"{_READERS}::test_a_subscriber_without_a_test_may_read_anything",
    ),
    of_the_broker(
        "the document names an exchange that no event goes by",
        "documents/channels",
        "names.events(owner) if is_event else names.commands(owner)",
        "names.commands(owner)",
        "tests/documents/test_recorded.py::test_every_message_of_a_run_is_as_the_document_says",
    ),
    in_runtime(
        "a converter that fails is tried for ever",
        "routing/codec",
        '        raise Undecodable(\n            f"the converter of {pair} failed",',
        '        raise AmphibusError(\n            f"the converter of {pair} failed",',
        f"{_CONVERTERS}::test_a_message_whose_converter_raises_waits_among_the_dead_letters",
    ),
)
