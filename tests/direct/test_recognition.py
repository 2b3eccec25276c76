"""A broker that is replaced by an empty one in a moment: senders recognise that, and what it had is sent again."""

import asyncio
import json
from pathlib import Path

import pytest

from amphibus.admin.backup import backup, restore
from amphibus.admin.database import databases
from amphibus.messages.envelope import Envelope, Reply
from amphibus.testing import Harness
from amphibus.testing.conformance.office import until
from tests.direct.conftest import Desk
from tests.direct.town import Town, changes, server, write

pytestmark = pytest.mark.asyncio


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


def unknown(shop: Harness, module: str = "gateway") -> float:
    """How often a sender has met a broker that was not its own."""
    labels = {"module": module}
    registry = shop.host.meters.registry
    return float(registry.get_sample_value("amphibus_unknown_brokers_total", labels) or 0)


async def _confirmed(town: Town, shop: Harness, *lines: int) -> None:
    """Lines that the broker has, and has not delivered."""
    town.exchange.serves = False
    await write(shop, *lines)
    await until(lambda: len(town.exchange.queues.get("desk", ())) == len(lines))


async def test_what_it_had_arrives_before_what_follows_it(town: Town) -> None:
    async with town.open(after=3600) as shop:
        assert unknown(shop) == 0
        await _confirmed(town, shop, 0, 1, 2)
        town.exchange.restart(losing=True)
        town.exchange.serves = True
        await write(shop, 3, 4)
        await town.until_written(4)
        await shop.settle()

        assert town.numbers() == [0, 1, 2, 3, 4]
        assert unknown(shop) == 1
        assert changes(shop, "direct") == 0
        noted = "SELECT value FROM amphibus_meta WHERE name LIKE 'behind %' AND value <> '[]'"
        assert not town.office.query("gateway", noted)


async def test_a_broker_that_was_away_for_a_moment_is_recognised_and_nobody_is_asked(
    town: Town,
) -> None:
    async with town.open(after=3600) as shop:
        await _confirmed(town, shop, 0)
        town.exchange.asked_for.clear()
        asked = Desk(_silence)
        server(shop)._inbounds["desk"] = asked
        town.exchange.restart(losing=False)
        town.exchange.serves = True
        await write(shop, 1)
        await town.until_written(1)

        assert town.numbers() == [0, 1]
        assert not asked.asked
        assert unknown(shop) == 0
        assert len(town.exchange.asked_for) == len(shop.host.modules)


async def test_an_old_broker_does_not_have_what_another_one_in_its_place_was_given(
    town: Town,
) -> None:
    """It has a mark: the one from before."""
    async with town.open(after=3600) as shop:
        await _confirmed(town, shop, 0)
        old = set(town.exchange.marks)
        town.exchange.restart(losing=True)
        await until(lambda: len(town.exchange.queues.get("desk", ())) == 1)
        await write(shop, 1)
        await until(lambda: len(town.exchange.got) == 3)
        town.exchange.go(losing=True)
        town.exchange.marks |= old
        town.exchange.serves = True
        town.exchange.come()
        await write(shop, 2)
        await town.until_written(2)
        await shop.settle()

        assert town.numbers() == [0, 1, 2]
        assert unknown(shop) == 2


async def test_nothing_leaves_before_it_is_noted_whom_to_ask(town: Town) -> None:
    """After a kill nobody would ask."""
    async with town.open(after=3600) as shop:
        await _confirmed(town, shop, 0)
        published = len(town.exchange.got)
        town.office.change("gateway", "ALTER TABLE amphibus_meta RENAME TO away")
        town.exchange.restart(losing=True)
        town.exchange.serves = True
        await write(shop, 1)
        await until(lambda: "mark" in shop.host.modules["gateway"].store.health._whys)
        assert len(town.exchange.got) == published
        town.office.change("gateway", "ALTER TABLE away RENAME TO amphibus_meta")
        await town.until_written(1)
        await shop.settle()

        assert town.numbers() == [0, 1]
        assert shop.host.health.ready


async def test_a_receiver_that_does_not_answer_holds_only_what_is_for_it(town: Town) -> None:
    async with town.open(after=3600) as shop:
        await _confirmed(town, shop, 0)
        inbound = server(shop)._inbounds["desk"]
        server(shop)._inbounds["desk"] = silent = Desk(_silence)
        town.exchange.restart(losing=True)
        town.exchange.serves = True
        await until(lambda: silent.asked)
        await write(shop, 1)
        assert town.numbers() == []
        server(shop)._inbounds["desk"] = inbound
        await town.until_written(1)
        await shop.settle()

        assert town.numbers() == [0, 1]


async def test_what_was_asked_for_one_broker_does_not_count_for_another(town: Town) -> None:
    """Another instance has found the other one meanwhile, and noted that everybody has to be asked about all."""
    answers, asked = asyncio.Event(), asyncio.Event()

    async def late(envelope: Envelope) -> Reply:
        if json.loads(envelope.body)["ids"]:
            asked.set()
            await answers.wait()
        return Reply("answered", b'{"ids": []}')

    async with town.open(after=3600) as shop:
        await _confirmed(town, shop, 0)
        inbound = server(shop)._inbounds["desk"]
        server(shop)._inbounds["desk"] = Desk(late)
        town.exchange.restart(losing=True)
        town.exchange.serves = True
        await asked.wait()
        town.exchange.marks.add("another")
        town.office.change(
            "gateway", "UPDATE amphibus_meta SET value = 'another' WHERE name = 'broker'"
        )
        server(shop)._inbounds["desk"] = inbound
        answers.set()
        await write(shop, 1)
        await town.until_written(0, 1)
        assert sorted(town.numbers()) == [0, 1]


async def test_whoever_was_killed_is_recognised_by_what_it_noted(town: Town) -> None:
    async with town.open(after=3600) as shop:
        await _confirmed(town, shop, 0)
    town.exchange.go()
    town.exchange.come()
    town.exchange.serves = True
    async with town.open(after=3600) as shop:
        await write(shop, 1)
        await town.until_written(1)
        await shop.settle()

        assert town.numbers() == [0, 1]
        assert unknown(shop) == 0


async def test_what_was_at_the_broker_at_the_moment_of_a_backup_is_sent_again(
    town: Town, tmp_path: Path
) -> None:
    """The broker lives on, has its mark, and has delivered meanwhile what the restored receiver never had."""
    async with town.open(after=3600) as shop:
        await _confirmed(town, shop, 0, 1, 2)
        await until(lambda: not town.office.count("gateway", "amphibus_delivery"))
        backup(databases(tmp_path), tmp_path / "copy")
        town.exchange.serves = True
        await write(shop, 9)
        await town.until_written(0, 1, 2, 9)
        await shop.settle()
    assert {each.path.stem for each in restore(tmp_path / "copy", tmp_path) if each.broker} >= {
        "gateway",
        "desk",
    }
    async with town.open(after=3600) as shop:
        await write(shop, 3)
        await town.until_written(0, 1, 2, 3)
        await shop.settle()

        assert town.numbers() == [0, 1, 2, 3]


async def test_what_a_receiver_says_to_have_forgotten_is_not_sent_again(town: Town) -> None:
    """It remembered for a shorter time then: whether it had the message is not known any more."""
    keep = {"retention.retain_days": 7, "retention.inbox_retention_days": 7}
    async with town.open(after=3600, settings=keep) as shop:
        await write(shop, 0)
        await town.until_written(0)
        await shop.settle()
        await shop.advance(days=10)
        await shop.host.modules["desk"].retention.prune()
    town.exchange.go(losing=True)
    town.exchange.come()
    longer = keep | {"retention.inbox_retention_days": 30}
    async with town.open(after=3600, settings=longer) as shop:
        await write(shop, 1)
        await town.until_written(1)
        await shop.settle()

        assert shop.dead("desk") == []
    assert town.numbers() == [0, 1]


async def _silence(_envelope: Envelope) -> Reply:
    return await asyncio.Event().wait()  # type: ignore[return-value]
