"""Defects of the generated clients."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

_GENERATE: Final = "tests/clients/test_generate.py"
_AT_WORK: Final = "tests/clients/test_at_work.py"
_CLIENT: Final = "cli/generate/client"

CLIENTS: Final[tuple[Defect, ...]] = (
    in_runtime(
        "a stale client is fresh",
        f"{_CLIENT}/command",
        'if name not in there or wanted.get(name) != there[name].read_text(encoding="utf-8")',
        "if name not in there",
        f"{_GENERATE}::test_a_file_that_the_contracts_do_not_say_is_found_and_mended",
    ),
    in_runtime(
        "what a person wrote is written over",
        f"{_CLIENT}/command",
        "    if foreign and not check:",
        "    if check:",
        f"{_GENERATE}::test_a_page_that_is_gone_is_removed_and_what_a_person_wrote_is_left_alone",
    ),
    in_runtime(
        "what may be left out must be sent",
        f"{_CLIENT}/api",
        "    schema = taken(part) if sent else written_in(part)",
        "    schema = written_in(part)",
        f"{_AT_WORK}::test_the_python_client_is_strictly_typed",
    ),
    in_runtime(
        "a decimal is a number that loses digits",
        f"{_CLIENT}/kinds",
        '    "decimal": "decimal",\n',
        '    "decimal": "number",\n',
        f"{_AT_WORK}::test_the_python_client_is_strictly_typed",
    ),
)
