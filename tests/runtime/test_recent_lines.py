"""What a process remembers of its log has a size, whatever modules log."""

import json
import tracemalloc
from typing import Any

import pytest

from amphibus.messages.contracts.amphibus.v1 import ListLines
from amphibus.telemetry.recent_lines import RecentLines

pytestmark = pytest.mark.asyncio


async def _told(lines: RecentLines, **asked: Any) -> list[dict[str, Any]]:
    found = await lines.tell(ListLines(limit=500, **asked))
    return [json.loads(each) for each in found.lines]


async def test_long_lines_leave_only_what_is_told_of_them_in_memory() -> None:
    lines = RecentLines()
    tracemalloc.start()
    try:
        for number in range(100):
            lines(None, "info", {"event": f"e{number}", "level": "info", "said": "x" * 1_000_000})
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert held < 5_000_000
    assert [each["event"] for each in await _told(lines, after=98)] == ["e98", "e99"]


async def test_a_line_that_cannot_be_written_is_told_without_its_fields() -> None:
    round_and_round: dict[str, Any] = {}
    round_and_round["self"] = round_and_round
    lines = RecentLines()

    lines(None, "info", {"event": "e", "level": "info", "said": round_and_round})

    assert [each["event"] for each in await _told(lines, least="info")] == ["e"]


async def test_lines_are_found_by_module_flow_and_text() -> None:
    lines = RecentLines()
    for module, flow in (("orders", "a"), ("orders", "b"), ("payments", "a")):
        lines(None, "info", {"event": "e", "module": module, "correlation": flow})

    assert len(await _told(lines, modules=("orders",))) == 2
    assert len(await _told(lines, correlation="a")) == 2
    assert len(await _told(lines, text="PAYMENTS")) == 1
