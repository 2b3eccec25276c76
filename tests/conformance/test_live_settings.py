"""What is set while the modules run takes effect in what runs, everywhere, and outlives restarts."""

import asyncio
import json
import time
from dataclasses import replace
from typing import Annotated, Self

import pytest
from pydantic import BaseModel, model_validator

from amphibus import Hot
from amphibus.errors import Overtaken
from amphibus.messages.contracts.amphibus.v1 import CheckSettings, TakeSettings, TellSettings
from amphibus.routing.project import Project
from amphibus.testing import Harness
from amphibus.testing.conformance.business import ROOT, contracts, modules
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.moods import TinyContainer
from amphibus.testing.conformance.office import Office, until
from tests.conformance.asking import asked
from tests.conformance.control import control_of, keep

pytestmark = pytest.mark.asyncio
in_memory = pytest.mark.parametrize("transport", ["memory"], indirect=True)
"""For a fact that is about one process, whatever carries its messages."""
at_a_broker = pytest.mark.parametrize("transport", ["rabbitmq"], indirect=True)


async def _taken(shop: Harness, revision: int) -> None:
    await until(lambda: shop.host.following.revision == revision)


async def test_retries_change_for_what_fails_next_and_within_two_seconds(office: Office) -> None:
    """Nobody tells the process: it looks by itself."""
    async with office.open(quick_retries=0, max_attempts=1) as shop:
        await shop.send(desk.Write(book="b", line=1, mood="broken"))
        await until(lambda: office.count("desk", "amphibus_dead") == 1)
        before = sorted(office.script.runs.values())
        began = time.monotonic()
        revision = await keep(office, bus__quick_retries=2, bus__max_attempts=3)
        await _taken(shop, revision)
        took = time.monotonic() - began
        await shop.send(desk.Write(book="c", line=1, mood="broken"))
        await until(lambda: office.count("desk", "amphibus_dead") == 2)

    assert before == [1]
    assert sorted(office.script.runs.values()) == [1, 3]
    assert took < 2


async def test_a_restart_begins_with_what_is_set(office: Office) -> None:
    async with office.open(quick_retries=0, max_attempts=9):
        pass
    await keep(office, bus__max_attempts=1)
    async with office.open(quick_retries=0, max_attempts=9) as shop:
        await shop.send(desk.Write(book="b", line=1, mood="broken"))
        await until(lambda: office.count("desk", "amphibus_dead") == 1)

    assert sorted(office.script.runs.values()) == [1]


@in_memory
async def test_a_process_starts_from_its_last_copy_while_the_control_store_is_away(
    office: Office,
) -> None:
    path = office.data / "live-settings.db"
    async with office.open() as shop:
        await _taken(shop, await keep(office, bus__window=7))
        noted = "SELECT count(*) FROM amphibus_meta WHERE name = 'live settings'"
        await until(lambda: office.query("desk", noted) == [(1,)])
        kept = path.read_bytes()
        path.write_bytes(b"no database at all, and long enough to be read as one" * 100)
        await until(lambda: "settings" in shop.host.health.degraded)
        assert shop.host.settings.bus.window == 7
    async with office.open() as shop:
        away = shop.host.health.degraded["settings"], shop.host.settings.bus.window
        path.write_bytes(kept)
        await until(lambda: "settings" not in shop.host.health.degraded)
        await _taken(shop, await keep(office, bus__window=8))
        assert shop.host.settings.bus.window == 8

    assert "cannot be read" in away[0]
    assert away[1] == 7


@in_memory
async def test_a_store_that_does_not_answer_holds_up_no_change(office: Office) -> None:
    """It writes down what is in force as soon as it can."""
    noted = "SELECT value FROM amphibus_meta WHERE name = 'live settings'"
    async with office.open() as shop:
        writer = shop.host.modules["desk"].writer
        await writer.rest()
        await _taken(shop, await keep(office, bus__window=7))
        await _taken(shop, await keep(office, bus__window=8))
        before = office.query("desk", noted)
        await writer.start()
        await until(lambda: '"revision":2' in str(office.query("desk", noted)))

    assert before == []


@in_memory
async def test_a_control_store_from_an_old_copy_takes_nothing_back(office: Office) -> None:
    path = office.data / "live-settings.db"
    async with office.open() as shop:
        await _taken(shop, await keep(office, bus__window=7))
        old = path.read_bytes()
        await _taken(shop, await keep(office, bus__window=8))
        path.write_bytes(old)
        await until(lambda: "put back" in shop.host.health.degraded.get("settings", ""))
        assert shop.host.settings.bus.window == 8


async def test_what_cannot_be_used_changes_nothing_of_it(office: Office) -> None:
    """As of a newer version that knows more settings; a process that begins takes the rest."""
    async with office.open(max_attempts=5) as shop:
        await keep(office, bus__max_attempts=2, bus__warp=9)
        await until(lambda: "bus.warp" in shop.host.health.degraded.get("settings", ""))
        assert shop.host.settings.bus.max_attempts == 5
        revision = await keep(office, bus__max_attempts=3)
        await _taken(shop, revision)
        assert "settings" not in shop.host.health.degraded
        assert shop.host.settings.bus.max_attempts == 3
    await keep(office, bus__max_attempts=2, bus__warp=9)
    async with office.open(max_attempts=5) as shop:
        assert shop.host.settings.bus.max_attempts == 2
        assert "bus.warp" in shop.host.health.degraded["settings"]


class Moody(BaseModel):
    """Settings of a desk, of which one value makes their own code fail."""

    line: Annotated[int, Hot()] = 1
    """Its number."""

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if self.line == 13:
            raise KeyError("no rule for that")
        return self


class MoodyDesk(TinyContainer):
    settings = Moody


@in_memory
async def test_settings_at_which_code_of_the_project_fails_change_nothing(office: Office) -> None:
    """The process goes on with those that it has, now and when it starts again."""
    page, *others = modules()
    pages = (replace(page, container=MoodyDesk), *others)
    business = Project.declared(ROOT, contracts=contracts(), modules=pages)
    async with office.open(business=business) as shop:
        await keep(office, modules__desk__line=13)
        await until(lambda: "settings" in shop.host.health.degraded)
        assert "KeyError" in shop.host.health.degraded["settings"]
        assert shop.host.health.reasons() == {}
    async with office.open(business=business) as shop:
        assert "KeyError" in shop.host.health.degraded["settings"]
        await _taken(shop, await keep(office, modules__desk__line=14))
        assert "settings" not in shop.host.health.degraded


async def test_a_process_says_what_stands_against_settings_and_what_it_uses(office: Office) -> None:
    wrong = {"bus.window": 0, "port": 1, "bus.windw": 1, "modules.elsewhere.anything": 1}
    async with office.open() as shop:
        checked = await asked(shop.host, CheckSettings(settings=json.dumps(wrong)))
        fine = await asked(shop.host, CheckSettings(settings='{"bus.window": 9}'))
        window = shop.host.settings.bus.window
        await keep(office, bus__window=9)
        took = await asked(shop.host, TakeSettings())
        told = await asked(shop.host, TellSettings())
        strangers = [
            await asked(shop.host, each, source="archive")
            for each in (TakeSettings(), TellSettings())
        ]
        assert shop.host.settings.bus.window == 9

    problems = [each["what"] for each in json.loads(checked.body)["problems"]]
    assert [each.split()[0] for each in problems] == ["bus.window", "port", "unknown"]
    assert json.loads(fine.body) == {"revision": 0, "problems": []}
    assert window != 9
    assert json.loads(took.body) == json.loads(told.body)
    assert json.loads(told.body) == {"revision": 1, "settings": '{"bus.window":9}', "problem": ""}
    assert [each.code for each in strangers] == ["not_allowed"] * 2


async def test_of_two_that_change_at_once_one_wins(office: Office) -> None:
    """Though one of them counts on from a newer revision that a process knows."""
    await keep(office, bus__window=5)
    control = control_of(office)
    latest = await control.latest()
    changes = [
        latest._replace(revision=latest.revision + more, previous=latest.revision)
        for more in (1, 2)
    ]
    ended = await asyncio.gather(*map(control.commit, changes), return_exceptions=True)

    assert [type(each) for each in ended].count(Overtaken) == 1
    assert len(await control.revisions(9)) == 2


@in_memory
async def test_a_window_becomes_wider_for_messages_that_wait(office: Office) -> None:
    async with office.open(window=2) as shop:
        await shop.send(*(desk.Write(book=f"b{line}", line=line, mood="hold") for line in range(9)))
        receiver = shop.host.modules["desk"].receiver
        await until(lambda: receiver.in_flight == 2 and office.script.held == 1)
        await _taken(shop, await keep(office, bus__window=6))
        await until(lambda: receiver.in_flight == 6)
        office.script.gate.set()
        await shop.settle()

    assert len(office.lines("desk")) == 9


@in_memory
async def test_a_batch_becomes_smaller(office: Office) -> None:
    async with office.open() as shop:
        await _taken(shop, await keep(office, bus__batch=1))
        writer = shop.host.modules["desk"].writer
        await shop.send(desk.Write(book="a", line=0, mood="hold"))
        await until(lambda: office.script.held == 1)
        before = writer.commits
        await shop.send(*(desk.Write(book=f"b{line}", line=line) for line in range(8)))
        receiver = shop.host.modules["desk"].receiver
        await until(lambda: receiver.in_flight == 9)
        office.script.gate.set()
        await until(lambda: len(office.lines("desk")) == 9)

    assert writer.commits - before >= 9


@in_memory
async def test_more_queries_and_calls_outside_run_at_once(office: Office) -> None:
    """Those that wait for their turn already get it."""
    async with office.open(query_concurrency=1, outside_concurrency=1) as shop:
        asked = [shop.ask(desk.Count(book="b", mood="hold"), timeout=100) for _ in range(4)]
        asking = [asyncio.ensure_future(each) for each in asked]
        await until(lambda: office.script.held == 1)
        await _taken(shop, await keep(office, bus__query_concurrency=6))
        await until(lambda: office.script.held == 3)
        office.script.gate.set()
        await asyncio.gather(*asking)
        office.script.gate.clear()
        calls = [desk.Call(book=f"c{line}", line=line, mood="outside hold") for line in range(4)]
        await shop.send(*calls)
        await until(lambda: office.script.held == 1)
        await _taken(shop, await keep(office, bus__outside_concurrency=3))
        await until(lambda: office.script.held == 3)
        office.script.gate.set()
        await shop.settle()


@in_memory
async def test_a_query_gets_less_time(office: Office) -> None:
    async with office.open() as shop:
        await _taken(shop, await keep(office, bus__query_timeout_seconds=0.2))
        reply = await asked(shop.host, desk.Count(book="b", mood="hold"), source="gateway")

    assert reply.outcome == "failed"
    assert "0.2 s" in reply.detail


@in_memory
async def test_bodies_are_kept_for_less_time(office: Office) -> None:
    async with office.open() as shop:
        await shop.send(desk.Write(book="b", line=1))
        await shop.settle()
        await _taken(shop, await keep(office, retention__retain_days=1))
        await shop.advance(days=2)
        for hosted in shop.host.modules.values():
            await hosted.retention.prune()

    assert office.query("desk", "SELECT body IS NULL FROM amphibus_inbox") == [(1,)]


@at_a_broker
async def test_a_prefetch_becomes_wider_for_messages_that_wait(office: Office) -> None:
    async with office.open(window=6) as shop:
        await _taken(shop, await keep(office, bus__window=50))
        await shop.send(
            *(desk.Write(book=f"b{line}", line=line, mood="hold") for line in range(20))
        )
        receiver = shop.host.modules["desk"].receiver
        await until(lambda: receiver.in_flight >= 4)
        before = receiver.in_flight
        await _taken(shop, await keep(office, bus__window=50, rabbitmq__prefetch=50))
        await until(lambda: receiver.in_flight >= 20)
        office.script.gate.set()
        await shop.settle()

    assert before <= 6
    assert sorted(office.lines("desk")) == sorted((f"b{line}", line, "wrote") for line in range(20))
