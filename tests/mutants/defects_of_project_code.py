"""Defects in what holds against code of a project, middleware and partners that misbehave, beside the handlers."""

from typing import Final

from tests.mutants.defect import Defect, in_runtime

_CODE: Final = "tests/runtime/test_project_code.py"
_EXCHANGE: Final = "tests/gateway/test_exchanges.py"

PROJECT_CODE: Final[tuple[Defect, ...]] = (
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
)
