"""The choice of a transport, and what the seam may know."""

import re
from pathlib import Path

import grimp
import pytest

from amphibus.clock import SystemClock
from amphibus.config.settings import Settings
from amphibus.errors import ConfigError
from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office
from amphibus.transports.memory import MemoryTransport
from amphibus.transports.registry import OF_MODE, TRANSPORTS, make

GROUND = {
    "amphibus.messages.envelope",
    "amphibus.messages.failure",
    "amphibus.telemetry.health",
}


@pytest.mark.parametrize("name", ["memory", "memory+wire"])
def test_a_transport_is_made_by_its_name(name: str, tmp_path: Path) -> None:
    transport = make(name, project().topology(), Settings(data_dir=tmp_path), SystemClock())

    assert transport.name == "memory"


def test_an_unknown_transport_names_those_that_there_are_and_the_nearest() -> None:
    with pytest.raises(ConfigError) as refused:
        make("rabitmq", project().topology(), Settings(), SystemClock())

    assert str(refused.value).startswith("no transport 'rabitmq'")
    there = ", ".join(TRANSPORTS)
    assert refused.value.why == f"there are {there}; did you mean rabbitmq?"


def test_each_mode_has_its_transport() -> None:
    assert set(OF_MODE.values()) <= set(TRANSPORTS)


class Direct(MemoryTransport):
    """Of another name, and keeps nothing either."""

    name = "direct"


@pytest.mark.asyncio
async def test_a_transport_that_keeps_nothing_is_left_without_a_broker(tmp_path: Path) -> None:
    """What was under way is in the outboxes; nothing is to be fetched from anywhere."""
    office = Office(lambda _topology, settings, _clock: Direct(settings.bus.partitions), tmp_path)
    async with office.open("archive") as shop:
        await shop.send(desk.Write(book="b", line=1))
    office.transport = "memory"
    async with office.open() as shop:
        await shop.settle()

    assert office.numbers("desk", "b") == [1]
    assert office.numbers("archive", "b", "filed") == [1]


@pytest.mark.asyncio
async def test_the_wire_of_one_process_repeats_and_reorders(tmp_path: Path) -> None:
    """As a broker may: a module that works on it needs no luck."""
    office = Office("memory+wire", tmp_path)
    async with office.open("archive") as shop:
        await shop.send(*(desk.Write(book=f"b{n}", line=n) for n in range(40)))
    async with office.open() as shop:
        await shop.settle()
        text = (await shop.host.meters.exposition()).decode()

    lines = [line for place, _, line in office.script.seen if place == "desk"]
    assert sorted(lines) == list(range(40))
    assert lines != sorted(lines)
    assert (
        sum(map(float, re.findall(r"^amphibus_repeated_total\{.* (\S+)$", text, re.MULTILINE))) > 0
    )


def test_the_seam_stands_on_the_ground_and_no_transport_knows_the_inbox() -> None:
    """Else a third transport would have to know how a message is handled."""
    graph = grimp.build_graph("amphibus", cache_dir=None)
    transports = {"amphibus.transports"} | graph.find_descendants("amphibus.transports")
    imported = {
        other for each in transports for other in graph.find_modules_directly_imported_by(each)
    }

    assert graph.find_modules_directly_imported_by("amphibus.transport") == GROUND
    assert {
        each for each in imported if each.startswith(("amphibus.inbox", "amphibus.outbox"))
    } == (set())
