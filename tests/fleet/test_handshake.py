"""A process takes no work while its contracts do not fit those of live processes, or messages that wait."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from amphibus.testing.conformance.office import until
from amphibus.transports.direct.fleet.asking import fleet_of
from amphibus.transports.direct.fleet.registry import registry
from tests.fleet.stand import Process, Street, Version
from tests.services.postgres import PostgresCluster, database_in

pytestmark = pytest.mark.asyncio


@pytest.fixture(params=["files", "server"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Street]:
    """With its databases in files, and on a server."""
    if request.param == "files":
        yield Street(tmp_path)
        return
    server: PostgresCluster = request.getfixturevalue("cluster")
    with database_in(server) as url:
        yield Street(tmp_path, url)


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    with capture_logs() as found:
        yield found


def said(lines: list[Any], event: str) -> list[Any]:
    return [each for each in lines if each["event"] == event]


async def listed(process: Process) -> dict[str, Any]:
    """What the registry says of each module."""
    fleet = fleet_of(process.host.topology.modules, process.host.settings)
    assert fleet is not None
    try:
        seen = await registry(fleet, await fleet.find(), process.host.topology.modules)
    finally:
        await fleet.close()
    return {name: each for each in seen for name in each.modules}


async def test_one_whose_contract_does_not_fit_waits_and_joins_once_it_does(
    anywhere: Street, lines: list[Any]
) -> None:
    """The older one works on; the new one says what, with whom, and shows a document."""
    async with AsyncExitStack() as stack:
        till = None
        async with anywhere.process("old", "shelf") as shelf:
            await shelf.until_it_works()
            till = await stack.enter_async_context(anywhere.process("needs price", "till"))
            await till.until_it_waits()
            there = await listed(shelf)
            handled = till.host.modules["till"].writer.commits
            assert shelf.works
            assert not till.works
        async with anywhere.process("needs price", "shelf") as mended:
            await mended.until_it_works()
            await till.until_it_works()

    (misfit,) = said(lines, "handshake.misfit")
    assert misfit["contract"] == "shelf.Sold.v1"
    assert "shelf at 127.0.0.1:" in misfit["where"]
    assert "price" in misfit["why"]
    assert "price" not in json.loads(misfit["document"])
    assert there["till"].state == "not ready"
    assert "shelf.Sold.v1" in there["till"].description.reasons["handshake"]
    assert handled == 0
    assert said(lines, "handshake.joined")


@pytest.mark.parametrize(("first", "then"), [("old", "with note"), ("with note", "old")])
async def test_an_addition_is_upgraded_in_any_order(
    street: Street, first: Version, then: Version
) -> None:
    async with street.process(first, "shelf") as shelf, street.process(then, "till") as till:
        await shelf.until_it_works()
        await till.until_it_works()
        assert not shelf.why_not


async def test_what_a_receiver_takes_no_more_does_not_fit(street: Street) -> None:
    async with street.process("old", "shelf") as shelf:
        await shelf.until_it_works()
        async with street.process("till left", "till") as till:
            await till.until_it_waits()
            assert "till here does not take it" in till.why_not


async def test_of_two_that_start_at_once_and_do_not_fit_one_works(
    street: Street, tmp_path: Path
) -> None:
    """The one that began first, though it works not yet when the other asks it."""
    hold, announced = asyncio.Event(), tmp_path / "var" / "direct" / "shelf.address"
    async with street.process("old", "shelf", hold=hold) as shelf:
        await until(announced.exists)
        async with street.process("needs price", "till") as till:
            await till.until_it_waits()
            hold.set()
            await shelf.until_it_works()
            assert not till.works


async def test_one_that_is_told_to_warn_says_it_and_works(street: Street, lines: list[Any]) -> None:
    async with street.process("old", "shelf") as shelf:
        await shelf.until_it_works()
        async with street.process("needs price", "till", how="warn") as till:
            await till.until_it_works()

    assert [each["contract"] for each in said(lines, "handshake.misfit")] == ["shelf.Sold.v1"]


async def test_one_that_does_not_answer_is_named_and_stops_no_start(
    street: Street, lines: list[Any], tmp_path: Path
) -> None:
    callers: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(
        lambda _reader, writer: callers.append(writer), "127.0.0.1", 0
    )
    port = silent.sockets[0].getsockname()[1]
    async with street.process("old", "shelf") as shelf:
        await shelf.until_it_works()
        announced = tmp_path / "var" / "direct" / "shelf.address"
        announced.write_text(json.dumps(json.loads(announced.read_text()) | {"port": port}))
        async with street.process("needs price", "till") as till:
            await till.until_it_works()
    silent.close()
    for each in callers:
        each.close()

    (unknown,) = said(lines, "handshake.unknown")
    assert f"shelf at 127.0.0.1:{port}" in unknown["what"]


async def _with_a_delayed_message(street: Street) -> None:
    async with street.process("old", "shelf") as shelf:
        await shelf.until_it_works()
        shelf.take("broken")
        await until(lambda: shelf.host.modules["shelf"].receiver.in_flight == 0)


async def test_a_delayed_message_that_the_code_cannot_read_keeps_it_from_work(
    anywhere: Street, lines: list[Any]
) -> None:
    await _with_a_delayed_message(anywhere)
    async with anywhere.process("needs price", "shelf", "till") as both:
        await both.until_it_waits()
        why = both.why_not
    async with anywhere.process("with note", "shelf", "till") as both:
        await both.until_it_works()

    (misfit,) = said(lines, "handshake.misfit")
    assert misfit["contract"] == "shelf.Sell.v1"
    assert misfit["times"] == 1
    assert "1 message delayed in shelf cannot be read: price" in why
    assert json.loads(misfit["document"])["item"] == "broken"
    assert json.loads(misfit["document"])["buyer"] == "***"


async def test_a_message_in_the_outbox_that_its_receiver_cannot_read_keeps_it_from_work(
    street: Street,
) -> None:
    async with street.process("old", "shelf") as shelf:
        await shelf.until_it_works()
        shelf.take("cup")
        await until(lambda: shelf.host.modules["shelf"].receiver.in_flight == 0)
    async with street.process("needs price", "shelf") as shelf:
        await shelf.until_it_waits()
        assert "1 message in the outbox of shelf for till cannot be read" in shelf.why_not
    async with street.process("old", "shelf") as shelf:
        await shelf.until_it_works()


async def test_stored_messages_are_read_only_where_a_contract_has_changed(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ordinary start reads the digest that was noted, and nothing else."""
    await _with_a_delayed_message(street)
    read: list[Any] = []
    monkeypatch.setattr("amphibus.host.handshake.stored.stored_kinds", read.append)
    async with street.process("old", "shelf") as shelf:
        await shelf.until_it_works()

    assert read == []


@pytest.mark.full
async def test_over_a_broker_the_one_that_does_not_fit_takes_nothing(
    street: Street, broker: str
) -> None:
    """What is sold meanwhile waits for it at the broker, and is handled once it fits."""
    from amphibus.testing import environment

    over: dict[str, Any] = {
        "transport": "rabbitmq+direct",
        "amqp_url": broker,
        "env": environment(Path(str(id(street)))),
    }
    async with AsyncExitStack() as stack:
        async with street.process("old", "till", **over) as till:
            await till.until_it_works()  # its queue is there
        async with street.process("old", "shelf", **over) as shelf:
            await shelf.until_it_works()
            till = await stack.enter_async_context(street.process("till left", "till", **over))
            await till.until_it_waits()
            shelf.take("cup")
            await until(lambda: shelf.host.modules["shelf"].writer.commits > 0)
            assert till.host.modules["till"].receiver.in_flight == 0
        async with street.process("old", "shelf", **over) as shelf:
            await shelf.until_it_works()
