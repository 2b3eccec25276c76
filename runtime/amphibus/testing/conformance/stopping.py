"""Promise 8: stopping is graceful."""

import asyncio
import time

import pytest

from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until

pytestmark = pytest.mark.asyncio


async def test_what_runs_is_finished_and_what_waits_is_kept(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(desk.Call(book="b", line=1, mood="outside hold"))
        await until(lambda: office.script.held)
        stopping = asyncio.ensure_future(shop.host.stop())
        await until(lambda: shop.host.modules["desk"].receiver._stopping)
        office.script.gate.set()
        await stopping

    assert office.numbers("desk", "b") == [1]


async def test_a_stop_spends_no_attempt(office: Office) -> None:
    """Else ten deployments in a day would kill what is healthy."""
    for _ in range(3):
        async with office.open(
            max_attempts=2, quick_retries=0, settings={"drain_seconds": 0.05}
        ) as shop:
            await shop.send(desk.Call(book="b", line=1, mood="outside hold"), message_id="m")
            await until(lambda: office.script.held)
    office.script.gate.set()
    async with office.open(max_attempts=2, quick_retries=0) as shop:
        await shop.settle()

        assert shop.inbox("desk")[0]["attempts"] == 1
        assert shop.dead("desk") == []

    assert office.numbers("desk", "b") == [1]


@pytest.mark.parametrize("mood", ["deaf", "outside deaf"])
async def test_a_stop_ends_in_time_though_a_handler_swallows_its_cancellation(
    office: Office, mood: str
) -> None:
    """It is left to itself, and nothing that it does later is kept."""
    async with office.open(settings={"drain_seconds": 0.1}) as shop:
        await shop.send(desk.Call(book="b", line=1, mood=mood), desk.Write(book="c", line=2))
        await until(lambda: office.script.held)
        began = time.monotonic()
    assert time.monotonic() - began < 5.1
    office.script.gate.set()
    async with office.open() as shop:
        await shop.settle()

    assert office.numbers("desk", "b") == [1]
    assert office.numbers("desk", "c") == [2]


@pytest.mark.parametrize("mood", ["hold", "outside hold"])
async def test_a_stop_ends_in_time_though_a_handler_does_not(office: Office, mood: str) -> None:
    """Begun work is rolled back and handled at the next start."""
    async with office.open(settings={"drain_seconds": 0.1}) as shop:
        await shop.send(desk.Call(book="b", line=1, mood=mood), desk.Write(book="c", line=2))
        await until(lambda: office.script.held)
        began = time.monotonic()
    assert time.monotonic() - began < 3
    office.script.gate.set()
    async with office.open() as shop:
        await shop.settle()

    assert office.numbers("desk", "b") == [1]
    assert office.numbers("desk", "c") == [2]
    assert office.numbers("readers", "c") == [2]


async def test_nothing_of_a_stopped_process_goes_on(office: Office) -> None:
    """A task that outlives its module would write into a database that somebody else has by then."""
    before = asyncio.all_tasks()
    async with office.open(settings={"drain_seconds": 0.1}) as shop:
        await shop.send(desk.Call(book="b", line=1, mood="hold"))
        await until(lambda: office.script.held)

    assert asyncio.all_tasks() <= before


async def test_after_a_graceful_stop_nobody_is_a_suspect(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(*[desk.Write(book="b", line=n) for n in range(5)])

    assert list(office.data.glob("crash-*")) == []
