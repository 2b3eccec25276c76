"""A module that is paused, or one type of message to it."""

import json
from typing import Any

import pytest

from amphibus.contract import Command
from amphibus.database.steering.pauses import PAUSED
from amphibus.errors import StoreAway
from amphibus.messages.contracts.amphibus.v1 import ListPauses, PauseModule, ResumeModule
from amphibus.testing import Harness
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until
from tests.conformance.asking import asked

pytestmark = pytest.mark.asyncio
WRITE = "desk.Write.v1"


async def _steer(shop: Harness, wanted: Command[Any]) -> list[str]:
    """The types that are paused afterwards."""
    reply = await asked(shop.host, wanted)
    assert reply.outcome == "answered", reply
    return [each["type"] for each in json.loads(reply.body)["paused"]]


async def _held(office: Office, count: int) -> None:
    statement = "SELECT count(*) FROM amphibus_delayed WHERE error = ?"
    await until(lambda: office.query("desk", statement, PAUSED) == [(count,)])


async def test_a_paused_module_handles_nothing_and_its_senders_keep(office: Office) -> None:
    """Through a restart too. Queries are answered; a command that somebody waits for is told to come again."""
    async with office.open() as shop:
        assert await _steer(shop, PauseModule(reason="stocktaking")) == [""]
        await shop.send(*(desk.Write(book="b", line=line) for line in range(3)))
        decided = await asked(shop.host, desk.Guard(book="c", line=1), source="gateway")
        counted = await asked(shop.host, desk.Count(book="b"), source="gateway")
        assert "stocktaking" in shop.host.health.degraded["pause:desk"]
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=3))
        again = await asked(shop.host, desk.Guard(book="c", line=1), source="gateway")
        meanwhile = office.numbers("desk", "b"), office.count("desk", "amphibus_delayed")
        assert await _steer(shop, ResumeModule()) == []
        await until(lambda: len(office.numbers("desk", "b")) == 4)
        assert "pause:desk" not in shop.host.health.degraded

    assert (decided.outcome, again.outcome) == ("unavailable", "unavailable")
    assert "stocktaking" in decided.detail
    assert json.loads(counted.body) == {"lines": 0}
    assert meanwhile == ([], 0)
    assert office.numbers("desk", "b") == [0, 1, 2, 3]


@pytest.mark.parametrize("transport", ["memory"], indirect=True)
async def test_what_is_done_is_told_to_be_done_though_it_cannot_be_looked_at(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database may go away behind the commit."""
    async with office.open() as shop:

        async def away() -> None:
            raise StoreAway("the server does not answer")

        with monkeypatch.context() as patch:
            patch.setattr(shop.host.modules["desk"].pauses, "look", away)
            assert await _steer(shop, PauseModule()) == [""]
        await until(lambda: "pause:desk" in shop.host.health.degraded)


async def test_what_is_paused_by_another_process_is_seen_and_resumed(office: Office) -> None:
    async with office.open() as shop:
        office.change("desk", "INSERT INTO amphibus_pause VALUES ('', 1, NULL, '')")
        await until(lambda: "pause:desk" in shop.host.health.degraded)
        await shop.send(desk.Write(book="b", line=1))
        office.change("desk", "DELETE FROM amphibus_pause")
        await until(lambda: office.numbers("desk", "b") == [1])


@pytest.mark.parametrize("transport", ["memory"], indirect=True)
async def test_a_part_that_fails_hears_of_a_pause_again(office: Office) -> None:
    """Else what it follows would be as before for as long as the pause lasts."""
    failures, heard = [KeyError("now")], list[bool]()
    async with office.open() as shop:
        pauses = shop.host.modules["desk"].pauses

        def listen() -> None:
            if failures:
                raise failures.pop()
            heard.append(pauses.whole)

        pauses.on_change.insert(0, listen)
        await asked(shop.host, PauseModule())
        await until(lambda: heard == [True])


async def test_a_paused_type_waits_with_what_follows_it_and_others_go_on(office: Office) -> None:
    async with office.open() as shop:
        assert await _steer(shop, PauseModule(type=WRITE)) == [WRITE]
        await shop.send(
            desk.Write(book="b", line=1),
            desk.Guard(book="b", line=2),
            desk.Write(book="b", line=3),
            desk.Guard(book="c", line=4),
        )
        await until(lambda: office.numbers("desk", "c") == [4])
        await _held(office, 1)
        await until(lambda: office.count("desk", "amphibus_delayed") == 3)
        assert office.numbers("desk", "b") == []
        assert await _steer(shop, ResumeModule(type=WRITE)) == []
        await shop.settle()

    assert office.numbers("desk", "b") == [1, 2, 3]
    spent = "SELECT attempts FROM amphibus_inbox WHERE type = ?"
    assert office.query("desk", spent, WRITE) == [(1,), (1,)]


async def test_a_paused_type_calls_nobody_outside(office: Office) -> None:
    async with office.open() as shop:
        await _steer(shop, PauseModule(type="desk.Call.v1"))
        await shop.send(desk.Call(book="b", line=1))
        await _held(office, 1)
        called = _calls(office)
        await _steer(shop, ResumeModule(type="desk.Call.v1"))
        await shop.settle()

    assert called == []
    assert _calls(office) == [1]
    assert str(office.script.outside_results[0]).startswith("heard ")


async def test_a_pause_that_is_over_holds_nothing(office: Office) -> None:
    async with office.open() as shop:
        await _steer(shop, PauseModule(type=WRITE, seconds=600))
        await shop.send(desk.Write(book="b", line=1))
        await _held(office, 1)
        await shop.advance(minutes=11)
        await until(lambda: office.numbers("desk", "b") == [1])
        said = await asked(shop.host, ListPauses(now=shop.host.clock.now()))

    assert json.loads(said.body) == {"paused": []}


async def test_nobody_pauses_another_module(office: Office) -> None:
    async with office.open() as shop:
        reply = await asked(shop.host, PauseModule(), source="gateway")

    assert (reply.outcome, reply.code) == ("refused", "not_allowed")
    assert office.count("desk", "amphibus_pause") == 0


def _calls(office: Office) -> list[int]:
    """How often each message was called outside for."""
    return [count for (who, _), count in office.script.runs.items() if who == "desk outside"]
