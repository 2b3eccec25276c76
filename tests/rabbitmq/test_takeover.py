"""One process takes over from a broker that is away, or lost with all that it had, and gives back to it."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from amphibus.admin.replay import plan, replay
from amphibus.admin.under_way import Waits, waits_between
from amphibus.admin.views import at_rest
from amphibus.errors import ConfigError
from amphibus.messages.contracts.amphibus.acting import Operator
from amphibus.testing import environment
from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import MODULES, Office, until
from tests.services.rabbitmq import RabbitNode

pytestmark = pytest.mark.asyncio
LINES = 40
BOOKS = 3


def _office(kind: str, folder: Path, node: RabbitNode) -> Office:
    return Office(kind, folder, amqp_url=node.url)


async def _write(shop: Any, begin: int, end: int) -> None:
    for line in range(begin, end):
        await shop.send(*[desk.Write(book=f"b{n}", line=line) for n in range(BOOKS)])


async def _leave_at_the_broker(folder: Path, node: RabbitNode) -> None:
    """The desk has said everything, and the broker has confirmed it; the others have handled a part."""
    office = _office("rabbitmq", folder, node)
    async with office.open() as shop:
        await _write(shop, 0, 5)
        await shop.settle()
    async with office.open("desk") as shop:
        await _write(shop, 5, LINES)
        left = "SELECT count(*) FROM amphibus_delivery"
        await until(lambda: office.count("desk", "line") == BOOKS * LINES)
        await until(lambda: office.query("desk", left) == [(0,)])


def _check(office: Office, lines: int) -> None:
    for n in range(BOOKS):
        assert office.numbers("desk", f"b{n}") == list(range(lines))
        assert office.numbers("readers", f"b{n}") == list(range(lines))
        assert office.numbers("archive", f"b{n}", "heard") == list(range(lines))
        assert office.numbers("archive", f"b{n}", "filed") == list(range(lines))


async def _waits(office: Office) -> list[Waits]:
    async with at_rest(office.stores(*MODULES)) as views:
        return await waits_between(views, project().topology())


@pytest.mark.parametrize("how", ["without_broker", "away"])
async def test_what_a_broker_took_with_it_is_found_in_the_databases(
    tmp_path: Path, fragile: RabbitNode, how: str
) -> None:
    await _leave_at_the_broker(tmp_path, fragile)
    fragile.lose()
    office = _office("memory", tmp_path, fragile)

    known = {"amqp_url": fragile.url}
    settings = {"without_broker": True} if how == "without_broker" else known
    async with office.open(settings=settings, fallback_after_seconds=1.0) as shop:
        await _write(shop, LINES, LINES + 3)
        await shop.settle()

        assert all(shop.dead(module) == [] for module in MODULES)
    _check(office, LINES + 3)


@pytest.mark.full
async def test_what_was_lost_is_found_when_the_retention_is_long_over(
    tmp_path: Path, fragile: RabbitNode
) -> None:
    """Receivers are stopped for longer than sent messages are kept; then the broker is lost."""
    await _leave_at_the_broker(tmp_path, fragile)
    async with _office("rabbitmq", tmp_path, fragile).open("desk") as shop:
        await shop.advance(days=20)
        await shop.host.modules["desk"].retention.prune()
    fragile.lose()
    office = _office("memory", tmp_path, fragile)
    async with office.open(settings={"without_broker": True}) as shop:
        await shop.settle()
    _check(office, LINES)


async def test_what_a_receiver_has_forgotten_counts_as_it_said(tmp_path: Path) -> None:
    """Kept for so long for another receiver, it would be done twice by the first."""
    office = Office("memory", tmp_path)
    async with office.open() as shop:
        await _write(shop, 0, 5)
        await shop.settle()
        await shop.advance(hours=1)
        await shop.host.modules["desk"].retention.prune()
    for module in MODULES:
        office.change(
            module, "UPDATE amphibus_meta SET value = 'rabbitmq' WHERE name = 'transport'"
        )
    office.change("desk", "UPDATE amphibus_outbox SET time = 0")
    office.change("archive", "DELETE FROM amphibus_inbox")
    async with office.open(settings={"without_broker": True}) as shop:
        await shop.settle()
    _check(office, 5)


@pytest.mark.full
async def test_a_broker_that_comes_back_with_its_old_messages_changes_nothing(
    tmp_path: Path, fragile: RabbitNode
) -> None:
    await _leave_at_the_broker(tmp_path, fragile)
    await fragile.do("kill")
    alone = _office("memory", tmp_path, fragile)
    async with alone.open(settings={"without_broker": True}) as shop:
        await shop.settle()
    _check(alone, LINES)

    await fragile.do("start")
    office = _office("rabbitmq", tmp_path, fragile)
    async with office.open() as shop:
        await _write(shop, LINES, LINES + 3)
        await until(lambda: len(office.lines("readers")) == BOOKS * (LINES + 3), patience=60)
        await shop.settle()

        assert all(shop.dead(module) == [] for module in MODULES)
    _check(office, LINES + 3)


@pytest.mark.full
async def test_what_comes_back_after_it_was_forgotten_is_not_done_again(
    tmp_path: Path, fragile: RabbitNode
) -> None:
    """The old broker returns when the inboxes know nothing any more of what it has."""
    await _leave_at_the_broker(tmp_path, fragile)
    await fragile.do("kill")
    alone = _office("memory", tmp_path, fragile)
    async with alone.open(settings={"without_broker": True}) as shop:
        await shop.settle()
    for module in ("archive", "readers"):
        alone.change(module, "DELETE FROM amphibus_inbox")

    await fragile.do("start")
    office = _office("rabbitmq", tmp_path, fragile)
    office.ahead = timedelta(days=31)
    async with office.open() as shop:
        await _write(shop, LINES, LINES + 3)
        await until(lambda: len(office.lines("readers")) == BOOKS * (LINES + 3), patience=60)
        await shop.settle()

        reasons = [letter["reason"] for letter in shop.dead("readers")]
        assert reasons == ["stale"] * BOOKS * (LINES - 5)
    _check(office, LINES + 3)


@pytest.mark.full
async def test_events_that_were_replayed_are_missed_like_any_other(
    tmp_path: Path, fragile: RabbitNode
) -> None:
    """They are from before the subscription, and were sent to it all the same."""
    await _leave_at_the_broker(tmp_path, fragile)
    office = _office("rabbitmq", tmp_path, fragile)
    routes = "SELECT value FROM amphibus_meta WHERE name = 'routes'"
    ((noted,),) = office.query("desk", routes)
    late = {name: 10_000 if name.endswith(" readers") else 0 for name in json.loads(noted)}
    office.change(
        "desk", "UPDATE amphibus_meta SET value = ? WHERE name = 'routes'", json.dumps(late)
    )
    log = office.stores("desk")["desk"]
    found = await plan(log, None, types=[desk.Written.contract_type], since=0)
    async with office.open("desk") as shop:
        _ = [count async for count in replay(log, "readers", found, Operator(who="ada"))]
        shop.host.wake()
        left = "SELECT count(*) FROM amphibus_delivery"
        await until(lambda: office.query("desk", left) == [(0,)])
    fragile.lose()

    alone = _office("memory", tmp_path, fragile)
    async with alone.open(settings={"without_broker": True}) as shop:
        await shop.settle()
    assert alone.numbers("readers", "b0") == list(range(LINES))


async def test_an_emptied_broker_leaves_nothing_to_be_found(
    tmp_path: Path, fragile: RabbitNode, capsys: pytest.CaptureFixture[str]
) -> None:
    await _leave_at_the_broker(tmp_path, fragile)
    office = _office("memory", tmp_path, fragile)
    there = {"amqp_url": fragile.url, "env": environment(tmp_path)}
    assert {each.receiver: each.broker for each in await _waits(office)} == {
        "archive": 2 * BOOKS * (LINES - 5),
        "readers": BOOKS * (LINES - 5),
    }
    async with office.open(settings=there) as shop:
        said = capsys.readouterr().out
        await shop.settle()
    assert "broker=emptied" in said
    assert "messages=0" in said
    _check(office, LINES)
    assert await _waits(office) == []


async def test_what_is_limited_or_paused_holds_up_no_emptying(
    tmp_path: Path, fragile: RabbitNode, capsys: pytest.CaptureFixture[str]
) -> None:
    """Programs outside sent it, so it lies there alone."""
    office = _office("rabbitmq", tmp_path, fragile)
    async with office.open():
        pass
    async with office.open("readers") as shop:
        await shop.send(*(desk.Call(book="b", line=line) for line in range(5)))
        await shop.send(desk.Guard(book="other", line=0))
        left = "SELECT count(*) FROM amphibus_delivery"
        await until(lambda: office.query("gateway", left) == [(0,)])
    office.change("gateway", "DELETE FROM amphibus_outbox")
    guards = desk.Guard.contract_type
    paused = "INSERT INTO amphibus_pause (type, since, reason) VALUES (?, 1, 'the till is broken')"
    office.change("desk", paused, guards)

    alone = _office("memory", tmp_path, fragile)
    there = {"amqp_url": fragile.url, "env": environment(tmp_path)}
    async with alone.open(business=project(calls={"at_most": 1}), settings=there) as shop:
        said = capsys.readouterr().out
        await until(lambda: alone.numbers("desk", "b") == list(range(5)))
        assert alone.numbers("desk", "other") == []
        alone.change("desk", "DELETE FROM amphibus_pause")
        await until(lambda: alone.numbers("desk", "other") == [0])
        await shop.settle()
    assert "broker=emptied" in said


@pytest.mark.full
async def test_a_part_of_the_modules_takes_nothing_over(
    tmp_path: Path, fragile: RabbitNode
) -> None:
    await _leave_at_the_broker(tmp_path, fragile)
    office = _office("memory", tmp_path, fragile)
    with pytest.raises(ConfigError, match="a part of the modules"):
        async with office.open("desk", settings={"without_broker": True}):
            pass
    assert office.query("desk", "SELECT count(*) FROM amphibus_delivery") == [(0,)]


@pytest.mark.full
async def test_an_event_from_before_a_subscription_is_not_missing_there(
    tmp_path: Path, fragile: RabbitNode
) -> None:
    """A database notes since when messages go where; a route that began now has missed nothing."""
    await _leave_at_the_broker(tmp_path, fragile)
    routes = "SELECT value FROM amphibus_meta WHERE name = 'routes'"
    office = _office("memory", tmp_path, fragile)
    ((noted,),) = office.query("desk", routes)
    shorter = noted.replace(' archive"', ' nobody"')
    office.change("desk", "UPDATE amphibus_meta SET value = ? WHERE name = 'routes'", shorter)

    async with office.open(settings={"without_broker": True}) as shop:
        await shop.settle()
    assert office.numbers("readers", "b0") == list(range(LINES))
    assert office.numbers("archive", "b0", "heard") == list(range(5))
