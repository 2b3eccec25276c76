"""What else happens while the way of messages changes: instances, frozen receivers, an old broker, a database away."""

from pathlib import Path
from typing import Final

import pytest

from amphibus.database.sqlite.store import SqliteStore
from amphibus.partitions.assignment import PartitionAssignment
from amphibus.testing import Harness
from amphibus.testing.conformance.office import until
from amphibus.transports.direct.door import Arrival, Door, Settle
from tests.direct.town import Town, bypass, directly, server, write

pytestmark = pytest.mark.asyncio
NOTE: Final = "INSERT OR REPLACE INTO amphibus_meta VALUES (?, ?)"


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


class Frozen(Door):
    """Takes messages, and goes on with them when a test says so."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self.held: list[tuple[Arrival, Settle]] = []

    def take(self, arrival: Arrival, settle: Settle) -> None:
        self.held.append((arrival, settle))

    def thaw(self) -> None:
        """Goes on with all that it has."""
        for each in self.held:
            self._door.take(*each)


async def test_whoever_gets_partitions_asks_what_their_last_owner_had_not(town: Town) -> None:
    """That one was killed while it asked; meanwhile the broker is there, and empty."""
    async with town.open(after=3600) as shop:
        await _confirmed_and_lost(town, shop, 0)
        assignment = shop.host.modules["gateway"].assignment
        for partition in assignment.owned:
            town.office.change("gateway", NOTE, f"behind {partition}", '["desk"]')
        _gain(assignment, *assignment.owned)
        await write(shop, 1)
        await town.until_written(1)
        await shop.settle()

        assert town.numbers() == [0, 1]
        left = "SELECT value FROM amphibus_meta WHERE name LIKE 'behind %' AND value <> '[]'"
        await until(lambda: not town.office.query("gateway", left))


async def test_whom_to_ask_about_partitions_that_come_while_others_are_asked_about_is_kept(
    town: Town,
) -> None:
    """Their last owner has noted it; this one is just about to note whom it asks itself."""
    async with town.open(after=3600) as shop:
        await _confirmed_and_lost(town, shop, 0)
        sender = shop.host.modules["gateway"]
        store = sender.store
        assert isinstance(store, SqliteStore)

        def another_comes(_transaction: object) -> None:
            sender.writer.before_commit.remove(another_comes)
            store.writer.raw.execute(NOTE, ("behind 1", '["desk"]'))
            _gain(sender.assignment, 1)

        sender.relay._acks.add(("elsewhere",), 10**9, None)
        sender.writer.before_commit.append(another_comes)
        town.office.change("gateway", NOTE, "behind 0", '["gateway"]')
        _gain(sender.assignment, 0)
        await until(lambda: another_comes not in sender.writer.before_commit)
        await write(shop, 1)
        await town.until_written(1)
        await shop.settle()

        assert town.numbers() == [0, 1]


async def test_a_receiver_is_asked_while_another_one_acknowledges_without_end(town: Town) -> None:
    async with town.open() as shop:
        sender = shop.host.modules["gateway"]

        def another(_transaction: object) -> None:
            sender.relay._acks.add(("elsewhere",), 10**9, None)

        sender.writer.before_commit.append(another)
        town.exchange.go()
        await write(shop, 0)
        await until(town.numbers, 20)
        sender.writer.before_commit.remove(another)
        await shop.settle()

        assert directly(shop)


async def test_a_database_that_was_away_meanwhile_is_no_lack_afterwards(town: Town) -> None:
    async with town.open() as shop:
        town.office.change("gateway", "ALTER TABLE amphibus_delivery RENAME TO away")
        town.exchange.go()
        await until(lambda: "way" in shop.host.modules["gateway"].store.health._whys)
        town.office.change("gateway", "ALTER TABLE away RENAME TO amphibus_delivery")
        await until(lambda: shop.host.health.ready, 20)


async def test_who_answers_over_the_broker_alone_gets_messages_over_it(town: Town) -> None:
    """It is there again, another one, and not for long enough to be wanted; nobody is reached directly any more."""
    flags = {"bus.return_after_seconds": 3600}
    async with town.open(settings=flags) as shop:
        await write(shop, 0)
        await town.until_written(0)
        town.exchange.go(losing=True)
        await until(lambda: bypass(shop).leads_to("desk"))
        await server(shop).close()
        town.exchange.answers = True
        town.exchange.come()
        await write(shop, 1)
        await town.until_written(1)
        await shop.settle()

        assert bypass(shop).wanted
        assert town.numbers() == [0, 1]


async def test_what_a_frozen_receiver_had_is_a_repetition_after_the_way_back(town: Town) -> None:
    """Its acknowledgements come when the broker has long had the same messages, and what follows them."""
    async with town.open() as shop:
        town.exchange.go()
        await until(lambda: directly(shop))
        door = server(shop).doors["desk"]
        server(shop).doors["desk"] = frozen = Frozen(door)
        await write(shop, 0, 1)
        await until(lambda: frozen.held)
        town.exchange.come()
        await town.until_written(1)
        server(shop).doors["desk"] = door
        frozen.thaw()
        await write(shop, 2)
        await town.until_written(2)
        await shop.settle()

        assert town.numbers() == [0, 1, 2]


@pytest.mark.parametrize("late", [False, True])
async def test_an_old_broker_goes_on_delivering_to_a_receiver(town: Town, late: bool) -> None:
    """Only the sender cannot reach it: what the receiver gets from both comes in order, and once."""
    async with town.open() as shop:
        town.exchange.serves = False
        await write(shop, 0, 1, 2)
        await until(lambda: len(town.exchange.queues.get("desk", ())) == 3)
        town.exchange.takes = False
        if late:
            await write(shop, 3, 4)
            await town.until_written(4)
        town.exchange.serves = True
        town.exchange.tell()
        await write(shop, 5, 6)
        await town.until_written(6)
        town.exchange.takes = True
        town.exchange.tell()
        await until(lambda: not directly(shop))
        await write(shop, 7)
        await town.until_written(7)
        await shop.settle()

        assert town.numbers() == [0, 1, 2, *([3, 4] if late else []), 5, 6, 7]
        assert not town.exchange.queues["desk"]


async def _confirmed_and_lost(town: Town, shop: Harness, line: int) -> None:
    """A line that the broker has taken, and lost in a moment in which nobody noticed."""
    town.exchange.serves = False
    await write(shop, line)
    await until(lambda: len(town.exchange.queues.get("desk", ())) == 1)
    town.exchange.queues.clear()
    town.exchange.serves = True


def _gain(assignment: PartitionAssignment, *partitions: int) -> None:
    for tell in assignment.on_change:
        tell(frozenset(partitions), frozenset())
