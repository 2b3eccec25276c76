"""The broker goes away in every way it can, while work goes on."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from amphibus.testing import Harness
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until
from tests.services.rabbitmq import RabbitNode

pytestmark = [pytest.mark.asyncio, pytest.mark.full]
PATIENCE = 60.0
BOOKS = 5


class Load:
    """Sends lines of some books, one after the other, until it is told to stop."""

    def __init__(self, shop: Harness) -> None:
        self._shop = shop
        self._enough = False
        self.sent = 0
        self._task = asyncio.create_task(self._send())

    async def stop(self) -> None:
        self._enough = True
        await self._task

    async def _send(self) -> None:
        while not self._enough:
            await self._shop.send(*[desk.Write(book=f"b{n}", line=self.sent) for n in range(BOOKS)])
            self.sent += 1
            await asyncio.sleep(0.06)


def check(office: Office, load: Load) -> None:
    """Every line is there once, and those of a book are in order, in every module."""
    expected = list(range(load.sent))
    for n in range(BOOKS):
        assert office.numbers("desk", f"b{n}") == expected
        assert office.numbers("readers", f"b{n}") == expected
        assert office.numbers("archive", f"b{n}", "heard") == expected
        assert office.numbers("archive", f"b{n}", "filed") == expected


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_a_broker_that_goes_and_comes_back_under_load_loses_and_repeats_nothing(
    tmp_path: Path, fragile: RabbitNode, how: str
) -> None:
    office = Office("rabbitmq", tmp_path, amqp_url=fragile.url)
    async with office.open() as shop:
        load = Load(shop)
        await until(lambda: load.sent > 100 and office.lines("readers"), patience=PATIENCE)
        await fragile.do(how)
        before = load.sent
        await until(lambda: load.sent > before + 20, PATIENCE)  # accepted all the time
        await fragile.do("start")
        await until(lambda: len(office.lines("readers")) >= BOOKS * before, patience=PATIENCE)
        await load.stop()
        await until(lambda: len(office.lines("readers")) == BOOKS * load.sent, PATIENCE)
        await shop.settle()

        assert all(shop.dead(module) == [] for module in ("desk", "archive", "readers"))
    check(office, load)


def _more_than(office: Office, count: int) -> bool:
    return len(office.lines("readers")) > count


async def test_connections_that_are_cut_again_and_again_lose_and_repeat_nothing(
    office: Office, node: RabbitNode
) -> None:
    async with office.open() as shop:
        load = Load(shop)
        for _ in range(3):
            before = len(office.lines("readers"))
            await until(partial(_more_than, office, before + 10), PATIENCE)
            await asyncio.to_thread(node.ctl, "close_all_connections", "a test")
        await load.stop()
        await until(lambda: len(office.lines("readers")) == BOOKS * load.sent, PATIENCE)
        await shop.settle()
    check(office, load)


async def test_a_broker_that_is_away_at_the_start_is_waited_for(
    office: Office, node: RabbitNode
) -> None:
    await node.do("stop")
    try:
        async with office.open() as shop:
            assert "broker" in shop.host.health.reasons()
            await shop.send(desk.Write(book="b", line=1))
            await node.do("start")
            await until(lambda: office.numbers("readers", "b") == [1], patience=PATIENCE)
            assert shop.host.health.ready
    finally:
        await node.do("start")


async def test_a_broker_that_is_short_of_memory_is_waited_for(
    office: Office, node: RabbitNode
) -> None:
    """It takes what is sent and confirms nothing; what came meanwhile may come twice, and counts once."""
    async with office.open(settings={"rabbitmq.confirm_timeout_seconds": 0.5}) as shop:
        await shop.send(desk.Write(book="b", line=0))
        await shop.settle()
        await asyncio.to_thread(node.ctl, "set_vm_memory_high_watermark", "0.0000001")
        try:
            await shop.send(*[desk.Write(book="b", line=n) for n in range(1, 20)])
            transport: Any = shop.host.transport
            await until(lambda: transport._broker._troubles)
        finally:
            await asyncio.to_thread(node.ctl, "set_vm_memory_high_watermark", "0.6")
        await shop.settle()

    assert office.numbers("desk", "b") == list(range(20))
    assert office.numbers("readers", "b") == list(range(20))


async def test_a_full_queue_is_tried_again_until_there_is_room(
    office: Office, node: RabbitNode
) -> None:
    """The broker refuses what it has no room for; the sender keeps it."""
    policy = ("set_policy", "--apply-to", "queues", "full", r"\.readers\.v1", '{"max-length": 3}')
    await asyncio.to_thread(node.ctl, *policy)
    try:
        async with office.open("desk", "archive") as shop:
            await shop.send(*[desk.Write(book="b", line=n) for n in range(20)])
            await until(lambda: office.numbers("desk", "b") == list(range(20)))
            transport: Any = shop.host.transport
            await until(lambda: transport._publisher._publishers["readers"]._paused)
    finally:
        await asyncio.to_thread(node.ctl, "clear_policy", "full")
    async with office.open() as shop:
        await shop.settle()

    assert office.numbers("readers", "b") == list(range(20))


async def test_several_addresses_are_tried_in_turn(office: Office, node: RabbitNode) -> None:
    office.amqp_url = f"amqp://guest:guest@127.0.0.1:1/,127.0.0.1:{node.port}"
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=1))
        await until(lambda: office.numbers("readers", "b") == [1])
