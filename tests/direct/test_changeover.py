"""Messages past a broker that is away, and back to it: none lost, none twice, each key in its order."""

import asyncio
from pathlib import Path

import pytest

from amphibus.messages.envelope import Envelope, Reply
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import until
from amphibus.transports.direct.bypass import BrokerWatch
from tests.direct.conftest import Desk
from tests.direct.town import Town, below, changes, directly, server, write

pytestmark = pytest.mark.asyncio


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


async def silence(_envelope: Envelope) -> Reply:
    return await asyncio.Event().wait()  # type: ignore[return-value]


async def test_what_a_lost_broker_had_arrives_before_what_follows_it(town: Town) -> None:
    async with town.open() as shop:
        town.exchange.serves = False
        await write(shop, 0, 1, 2)
        await until(lambda: len(town.exchange.queues.get("desk", ())) == 3)
        town.exchange.go(losing=True)
        await write(shop, 3, 4)
        await town.until_written(4)
        await shop.settle()

        assert town.numbers() == [0, 1, 2, 3, 4]
        assert shop.host.health.ready
        assert directly(shop)
        assert changes(shop, "direct") == 1


async def test_who_writes_while_nothing_leaves_does_not_wait_for_a_reply(town: Town) -> None:
    """It comes when the broker is back; the write is accepted without it."""
    async with town.open(after=3600) as shop:
        store = shop.host.accepted_store()
        town.exchange.go()
        store._expect("m")
        async with asyncio.timeout(60):
            assert await store.owner_reply("m", 3600) is None


async def test_what_an_old_broker_still_has_changes_nothing(town: Town) -> None:
    async with town.open() as shop:
        town.exchange.serves = False
        await write(shop, 0, 1)
        await until(lambda: len(town.exchange.queues.get("desk", ())) == 2)
        town.exchange.go()
        await write(shop, 2)
        await town.until_written(2)
        town.exchange.serves = True
        town.exchange.come()
        await write(shop, 3)
        await until(lambda: not directly(shop))
        await write(shop, 4)
        await town.until_written(4)
        await shop.settle()

        assert town.numbers() == [0, 1, 2, 3, 4]
        assert not town.exchange.queues["desk"]
        assert changes(shop, "broker") == 1


async def test_an_empty_broker_gets_nothing_that_was_handed_over_before(town: Town) -> None:
    """It would bring it while what was lost before it is still being found."""
    async with town.open() as shop:
        town.exchange.serves = False
        await write(shop, 0)
        await until(lambda: len(town.exchange.queues.get("desk", ())) == 1)
        town.exchange.go(losing=True)
        second = await shop.send(desk.Write(book="b", line=1))
        await town.until_written(1)
        town.exchange.serves = True
        town.exchange.come()
        await until(lambda: not directly(shop))
        await shop.settle()

        assert town.numbers() == [0, 1]
        assert second not in town.exchange.got


async def test_a_late_confirm_of_the_old_way_counts_no_more(town: Town) -> None:
    """The broker took it and lost it; what follows must not leave for a word of that."""
    async with town.open() as shop:
        town.exchange.serves = town.exchange.confirms = False
        await write(shop, 0)
        await until(lambda: len(town.exchange.got) > 0)
        door = server(shop).doors.pop("desk")
        town.exchange.go(losing=True)
        await until(lambda: directly(shop))
        below(shop).confirm_late()
        await write(shop, 1)
        assert town.numbers() == []
        server(shop).doors["desk"] = door
        await town.until_written(1)
        await shop.settle()

        assert town.numbers() == [0, 1]


async def test_what_is_not_safe_on_the_way_back_goes_to_the_broker_first(town: Town) -> None:
    async with town.open() as shop:
        town.exchange.go()
        await until(lambda: directly(shop))
        server(shop).doors.clear()
        first = await shop.send(desk.Write(book="b", line=0))
        await write(shop, 1, 2)
        town.exchange.come()
        await until(lambda: not directly(shop))
        await shop.send(desk.Write(book="c", line=3))
        await until(lambda: town.office.numbers("desk", "c"))
        assert town.exchange.got[0] == first
        await town.until_written(2)
        await shop.settle()

        assert town.numbers() == [0, 1, 2]


async def test_a_broker_that_is_away_for_a_moment_changes_nothing(town: Town) -> None:
    async with town.open(after=3600) as shop:
        town.exchange.go()
        await write(shop, 0)
        town.exchange.come()
        await town.until_written(0)

        assert changes(shop, "direct") == 0


async def test_who_ends_before_a_receiver_was_asked_asks_at_the_next_start(town: Town) -> None:
    """The broker is there again by then, and empty; nothing may overtake what it has lost."""
    async with town.open() as shop:
        town.exchange.serves = False
        await write(shop, 0, 1)
        await until(lambda: len(town.exchange.queues.get("desk", ())) == 2)
        server(shop)._inbounds["desk"] = silent = Desk(silence)
        town.exchange.go(losing=True)
        await until(lambda: silent.asked)
        await write(shop, 2)
    town.exchange.serves = True
    town.exchange.come()
    async with town.open(after=3600) as shop:
        await town.until_written(2)
        await shop.settle()

        assert town.numbers() == [0, 1, 2]
        assert changes(shop, "direct") == 0


async def test_the_watch_is_patient_both_ways() -> None:
    works = True
    watch = BrokerWatch(lambda: works, fallback_after=0.0, return_after=3600.0)
    assert not watch.look()
    works = False
    assert watch.look()
    assert watch.away
    works = True
    assert not watch.look()
    assert watch.away
