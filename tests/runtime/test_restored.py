"""One process takes over from a broker where databases come from a backup: one alone is older than its peers'."""

from pathlib import Path

import pytest

from amphibus.admin import dead
from amphibus.admin.backup import backup, restore
from amphibus.admin.database import databases
from amphibus.errors import ConfigError
from amphibus.routing.topology import GATEWAY
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import MODULES, Office
from tests.conformance.pruning import prune

pytestmark = pytest.mark.asyncio
_TRANSPORT = "SELECT value FROM amphibus_meta WHERE name = 'transport'"
_OVER_A_BROKER = "UPDATE amphibus_meta SET value = 'rabbitmq' WHERE name = 'transport'"


async def _restored(office: Office, *modules: str) -> None:
    """The databases of modules are those of before the last two of three commands; then the broker is lost."""
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=0))
        await shop.settle()
        files = databases(office.data)
        backup({name: files[name] for name in modules}, office.data / "copy")
        await shop.send(*[desk.Write(book="b", line=line) for line in (1, 2)])
        await shop.settle()
        await shop.advance(minutes=5)
        await prune(shop)
    restore(office.data / "copy", office.data)
    _over_a_broker(office)


def _over_a_broker(office: Office) -> None:
    for module in (*MODULES, GATEWAY):
        office.change(module, _OVER_A_BROKER)


async def test_a_database_that_was_restored_alone_is_refused_by_name(tmp_path: Path) -> None:
    """Handled again, its messages would be done twice at its peers: what it sends has other ids then."""
    office = Office("memory", tmp_path)
    await _restored(office, "desk")
    with pytest.raises(ConfigError) as refused:
        async with office.open(settings={"without_broker": True}):
            pass
    assert refused.value.what == "the database of desk is older than those of its peers"
    assert "gateway to desk 2, sent from 20" in refused.value.why
    assert office.query("desk", _TRANSPORT) == [("rabbitmq",)]
    assert office.count("gateway", "amphibus_delivery") == 0

    again = {"without_broker": True, "handle_again": True}
    async with office.open(settings=again) as shop:
        await shop.settle()
    assert office.numbers("desk", "b") == [0, 1, 2]
    assert office.numbers("archive", "b", "filed") == [0, 1, 2, 1, 2]


async def test_databases_that_were_restored_together_go_on(tmp_path: Path) -> None:
    office = Office("memory", tmp_path)
    await _restored(office, *MODULES, GATEWAY)
    async with office.open(settings={"without_broker": True}) as shop:
        await shop.settle()
    assert office.numbers("desk", "b") == office.numbers("archive", "b", "filed") == [0]


async def test_what_was_forgotten_makes_no_database_older(tmp_path: Path) -> None:
    """Its receiver remembered for a shorter time then."""
    office = Office("memory", tmp_path)
    keep = {"retention.retain_days": 7, "retention.inbox_retention_days": 7}
    async with office.open(settings=keep) as shop:
        await shop.send(desk.Write(book="b", line=0))
        await shop.settle()
        await shop.advance(minutes=5)
        await shop.host.modules[GATEWAY].retention.prune()
        await shop.advance(days=8)
        await shop.host.modules["desk"].retention.prune()
        assert office.count("desk", "amphibus_inbox") == 0
        assert office.count("gateway", "amphibus_outbox") == 1
    _over_a_broker(office)
    longer = keep | {"retention.inbox_retention_days": 30, "without_broker": True}
    async with office.open(settings=longer) as shop:
        await shop.settle()
        assert shop.dead("desk") == []
    assert office.numbers("desk", "b") == [0]


async def test_a_letter_that_was_discarded_makes_no_database_older(tmp_path: Path) -> None:
    office = Office("memory", tmp_path)
    async with office.open(max_attempts=1) as shop:
        await shop.send(desk.Write(book="b", line=0, mood="broken"))
        await shop.settle()
        await shop.advance(minutes=5)
        await prune(shop)
        stores = office.stores("desk")
        assert await dead.discard(stores, await dead.found_at_rest(stores))
    _over_a_broker(office)
    async with office.open(settings={"without_broker": True}) as shop:
        await shop.settle()
    assert office.numbers("desk", "b") == []


async def test_what_was_lost_at_the_broker_makes_no_database_older(tmp_path: Path) -> None:
    """Nobody said to have it: the receiver was asked in vain, or not yet."""
    office = Office("memory", tmp_path)
    async with office.open():
        pass
    async with office.open("archive", "readers") as shop:
        await shop.send(desk.Write(book="b", line=0))
        await shop.advance(minutes=5)
        await shop.host.modules[GATEWAY].retention.prune()
        assert office.count("gateway", "amphibus_awaited") == 1
        await shop.send(desk.Write(book="b", line=1))
    office.change("gateway", "DELETE FROM amphibus_delivery")
    _over_a_broker(office)
    async with office.open(settings={"without_broker": True}) as shop:
        await shop.settle()
    assert office.numbers("desk", "b") == [0, 1]
