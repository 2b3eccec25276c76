"""A broker of RabbitMQ is killed, loses its disk, and an empty one takes its place at once: nothing is lost by that."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from amphibus.clock import SystemClock
from amphibus.config.settings import load_settings
from amphibus.host.host import Host
from amphibus.routing.topology import GATEWAY
from amphibus.testing import Harness, environment
from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.moods import Script, container_with
from amphibus.testing.conformance.office import PARTITIONS, Office, until
from amphibus.transports.rabbitmq.outgoing import marks
from amphibus.transports.registry import make
from tests.services.rabbitmq import RabbitNode

pytestmark = pytest.mark.asyncio
LINES = 20
BOOKS = 3
NEVER = {"bus.fallback_after_seconds": 3600, "direct.messages": "off"}
LEFT = "SELECT count(*) FROM amphibus_delivery"


@asynccontextmanager
async def receivers(office: Office, kind: str) -> AsyncIterator[Host]:
    """Hosts those who are told what the desk writes, in what stands for a process of their own."""
    business = project()
    names = ("archive", "readers")
    flags: dict[str, Any] = {
        "data_dir": office.data,
        "amqp_url": office.amqp_url,
        "env": environment(office.data),
        "bus.partitions": PARTITIONS,
    }
    settings = load_settings(business.root, mode="distributed", flags=flags | NEVER, environ={})
    transport = make(kind, business.topology(), settings, SystemClock())
    containers = {name: container_with(Script()) for name in names}
    host = Host(business, settings, names, transport=transport, containers=containers)
    await host.start()
    try:
        yield host
    finally:
        await host.stop()


async def write(shop: Harness, begin: int, end: int) -> None:
    for line in range(begin, end):
        await shop.send(*[desk.Write(book=f"b{n}", line=line) for n in range(BOOKS)])


async def all_confirmed(office: Office, lines: int) -> None:
    """The desk has handled all, and the broker has all that it says of it."""
    await until(lambda: office.count("desk", "line") == BOOKS * lines)
    await until(lambda: office.query("desk", LEFT) == [(0,)])


def unknown(shop: Harness, module: str) -> float:
    registry = shop.host.meters.registry
    labels = {"module": module}
    return float(registry.get_sample_value("amphibus_unknown_brokers_total", labels) or 0)


async def all_told(office: Office, lines: int) -> None:
    """Each line of each book is there once, in order, at everybody."""
    await until(lambda: len(office.lines("readers")) >= BOOKS * lines, 90)
    await until(lambda: len(office.lines("archive")) >= 2 * BOOKS * lines, 90)
    for n in range(BOOKS):
        assert office.numbers("readers", f"b{n}") == list(range(lines))
        assert office.numbers("archive", f"b{n}", "heard") == list(range(lines))
        assert office.numbers("archive", f"b{n}", "filed") == list(range(lines))


@pytest.mark.parametrize(
    "kind", ["rabbitmq", pytest.param("rabbitmq+direct", marks=pytest.mark.full)]
)
async def test_what_it_had_confirmed_arrives_once_and_in_order(
    tmp_path: Path, fragile: RabbitNode, kind: str
) -> None:
    """The receivers are asked over the new broker, or directly; their messages go over the broker."""
    office = Office(kind, tmp_path, amqp_url=fragile.url)
    async with office.open("desk", settings=NEVER) as shop:
        await write(shop, 0, LINES)
        await all_confirmed(office, LINES)
        await fragile.do("lose")
        await fragile.do("start")
        await until(lambda: unknown(shop, "desk") == 1)
        await write(shop, LINES, 2 * LINES)
        await until(lambda: office.count("desk", "line") == BOOKS * 2 * LINES)
        async with receivers(office, kind):
            await all_told(office, 2 * LINES)
            await until(lambda: office.query("desk", LEFT) == [(0,)])
        assert unknown(shop, GATEWAY) == 1
        assert unknown(shop, "desk") == 1


@pytest.mark.full
async def test_whoever_was_stopped_meanwhile_recognises_it_at_the_next_start(
    tmp_path: Path, fragile: RabbitNode
) -> None:
    office = Office("rabbitmq", tmp_path, amqp_url=fragile.url)
    async with office.open("desk", settings=NEVER) as shop:
        await write(shop, 0, LINES)
        await all_confirmed(office, LINES)
    await fragile.do("lose")
    await fragile.do("start")
    async with office.open(settings=NEVER) as shop:
        await write(shop, LINES, LINES + 5)
        await all_told(office, LINES + 5)
        assert unknown(shop, "desk") == 1


async def test_connections_that_are_cut_are_recognised_and_nobody_is_asked(
    office: Office, node: RabbitNode
) -> None:
    async with office.open(settings=NEVER) as shop:
        await write(shop, 0, 2)
        await all_told(office, 2)
        await asyncio.to_thread(node.ctl, "close_all_connections", "a test")
        await write(shop, 2, 4)
        await all_told(office, 4)
        assert not any(unknown(shop, name) for name in shop.host.modules)
        noted = "SELECT value FROM amphibus_meta WHERE name LIKE 'behind %' AND value <> '[]'"
        assert not any(office.query(name, noted) for name in shop.host.modules)


async def test_a_sender_whose_database_is_away_publishes_nothing_and_holds_nobody(
    office: Office, node: RabbitNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot say whether it knows the broker."""
    monkeypatch.setattr(marks, "_PATIENCE_SECONDS", 0.2)
    async with office.open(settings=NEVER) as shop:
        await write(shop, 0, 2)
        await all_told(office, 2)
        health = shop.host.modules["desk"].store.health
        office.change("desk", "ALTER TABLE amphibus_meta RENAME TO away")
        await asyncio.to_thread(node.ctl, "close_all_connections", "a test")
        await until(lambda: "mark" in health._whys)
        await write(shop, 2, 4)
        await until(lambda: office.count("desk", "line") == BOOKS * 4)
        assert len(office.lines("readers")) == BOOKS * 2
        office.change("desk", "ALTER TABLE away RENAME TO amphibus_meta")
        await all_told(office, 4)
        assert shop.host.health.ready
