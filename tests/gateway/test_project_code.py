"""Code of a project that the gateway calls may raise anything: one request fails, and no store is blamed for it."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from structlog.testing import capture_logs

from amphibus import Module, on
from amphibus.gateway.limits.quotas import Quotas
from amphibus.policy import Quota
from tests.gateway.library import v1 as library
from tests.gateway.reading_room import Library, problem, reading_room

pytestmark = pytest.mark.asyncio
Break = Callable[[Any], NoReturn]


def leave(_given: Any) -> NoReturn:
    sys.exit(3)


def time_out(_given: Any) -> NoReturn:
    """As a client of something else does."""
    raise TimeoutError("a rate of exchange did not come")


BREAKS = pytest.mark.parametrize("broken", [leave, time_out])


@BREAKS
async def test_what_a_quota_counts_by_may_fail(tmp_path: Path, broken: Break) -> None:
    row = on(library.Lend, Library().lend, quota=Quota("5/h", per=broken))
    quotas = Quotas([Module(name="library", handles=(row,))])
    with capture_logs() as lines:
        async with reading_room(tmp_path, quotas=quotas) as room:
            answer = await room.lend()

            assert (answer.status_code, problem(answer)["type"]) == (
                500,
                "urn:amphibus:problem:fault",
            )
            assert room.harness.host.health.reasons() == {}
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["http.failed"]


@BREAKS
async def test_a_validator_may_fail(
    tmp_path: Path, broken: Break, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pydantic hands on whatever is no error of a value."""
    with capture_logs() as lines:
        async with reading_room(tmp_path) as room:
            monkeypatch.setattr(library.Lend, "model_validate_json", lambda *_, **__: broken(None))
            answer = await room.lend()
            monkeypatch.undo()

            assert answer.status_code == 500
            assert room.harness.host.health.reasons() == {}
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["http.failed"]
