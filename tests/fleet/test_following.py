"""`amphibus logs --follow`: the lines of all processes, merged, each once."""

from typing import Any

import pytest

from amphibus.cli.look.tail import Tail
from amphibus.messages.contracts.amphibus.v1 import ListLines
from amphibus.transports.direct.fleet.asking import fleet_of
from tests.fleet.stand import Process, Street

pytestmark = pytest.mark.asyncio


def write(process: Process, time: str, event: str, **fields: Any) -> None:
    process.host.lines(None, "", {"time": time, "level": "info", "event": event} | fields)


async def news(tail: Tail, process: Process) -> list[str]:
    fleet = fleet_of(process.host.topology.modules, process.host.settings)
    assert fleet is not None
    tail._fleet = fleet
    try:
        return [fields["event"] for _, _, fields in await tail.news(await fleet.find())]
    finally:
        await fleet.close()


async def test_lines_of_all_processes_are_merged_by_time_and_told_once(street: Street) -> None:
    tail = Tail(None, ListLines(limit=100))  # type: ignore[arg-type]
    async with street.process("old", "shelf") as shelf, street.process("old", "till") as till:
        await shelf.until_it_works()
        await till.until_it_works()
        write(shelf, "10:00:01", "first")
        write(till, "10:00:02", "second")
        write(shelf, "10:00:03", "third")
        told = await news(tail, shelf)
        write(till, "10:00:04", "fourth")
        later = await news(tail, shelf)

    assert told == ["first", "second", "third"]
    assert later == ["fourth"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"least": "warning"}, ["grave"]),
        ({"modules": ("shelf",)}, ["mine"]),
        ({"correlation": "flow-1"}, ["mine"]),
        ({"text": "PLATE"}, ["other"]),
    ],
)
async def test_lines_are_told_as_far_as_they_are_wanted(
    street: Street, wanted: dict[str, Any], found: list[str]
) -> None:
    tail = Tail(None, ListLines(limit=100, **wanted))  # type: ignore[arg-type]
    async with street.process("old", "shelf") as shelf:
        await shelf.until_it_works()
        write(shelf, "10:00:01", "mine", module="shelf", correlation="flow-1")
        write(shelf, "10:00:02", "grave", level="error")
        write(shelf, "10:00:03", "other", what="a plate")
        assert await news(tail, shelf) == found
