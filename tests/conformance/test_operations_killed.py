"""An operation whose process is killed goes on with the next one, and no letter is acted on twice."""

import signal
from pathlib import Path
from typing import Any

import pytest

from amphibus.messages.contracts.amphibus.v1 import StartOperation
from amphibus.testing.conformance.office import Office
from tests.conformance.crashing import start
from tests.conformance.letters import bury, counts, done, ended

_SETTINGS: dict[str, Any] = {"max_attempts": 1, "quick_retries": 0}
_LETTERS = 450
"""Three steps, or four."""


async def _begin(office: Office) -> None:
    """Begins an operation, and goes on with it until it is killed or at its end; notes what came of it."""
    async with office.open(**_SETTINGS) as shop:
        if not office.count("desk", "amphibus_dead") and not office.count(
            "desk", "amphibus_operation"
        ):
            bury(office, _LETTERS, broken=9)
        await done(shop, StartOperation(id="o", kind="retry"))
        facts = counts(await ended(office, shop, "o"))
        _result(office).write_text(repr(sorted(facts.items())))


def _result(office: Office) -> Path:
    return office.data / "result"


@pytest.mark.parametrize(
    "transport",
    ["memory", pytest.param("memory-postgresql", marks=pytest.mark.full)],
    indirect=True,
)
@pytest.mark.parametrize(
    "point",
    [
        "operation.step:2",
        pytest.param("operation.step:1", marks=pytest.mark.full),
        pytest.param("operation.step:3", marks=pytest.mark.full),
    ],
)
def test_killed_within_a_step_it_goes_on_with_exact_counts(office: Office, point: str) -> None:
    killed = start(office, point=point, what=_begin)
    meanwhile = office.query("desk", "SELECT state, done FROM amphibus_operation")
    ended_ = start(office, what=_begin)

    assert (killed, ended_) == (-signal.SIGKILL, 0)
    assert meanwhile == [("running", 200 * (int(point[-1]) - 1))]
    facts = {"total": _LETTERS, "done": _LETTERS, "skipped": 0, "again": 50, "waiting": 0}
    assert _result(office).read_text() == repr(sorted(facts.items()))
    assert office.count("desk", "line") == _LETTERS - 50
    assert office.count("desk", "amphibus_dead") == 50
