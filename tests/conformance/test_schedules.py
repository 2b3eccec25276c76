"""Schedules: each time has one command, whatever ends in between, however wrong the clock is."""

import json
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from amphibus.clock import as_datetime
from amphibus.contract import Command
from amphibus.messages.contracts.amphibus.v1 import PauseSchedule, ResumeSchedule, RunSchedule
from amphibus.routing.project import Project
from amphibus.schedule.declared import Every, every
from amphibus.testing import Harness
from amphibus.testing.conformance.business import ROOT, contracts, modules
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office
from tests.conformance.asking import asked
from tests.conformance.crashing import start

MONDAY = datetime(2030, 3, 25, tzinfo=UTC)
DAYS = [25, 26, 27, 28, 29]
"""From Monday to Friday."""


def line(due: datetime) -> desk.Write:
    return desk.Write(book="rota", line=due.day)


ROTA = every("0 6 * * 1-5", desk.Write, name="rota", make=line)


def business(*schedules: Every) -> Project:
    desk_page, *others = modules()
    pages = (replace(desk_page, schedules=schedules), *others)
    return Project.declared(ROOT, contracts=contracts(), modules=pages)


def written(office: Office) -> list[int]:
    return office.numbers("desk", "rota")


@pytest.mark.asyncio
async def test_a_week_has_five_working_days(office: Office) -> None:
    async with office.open(business=business(ROTA), at=MONDAY) as shop:
        await shop.advance(days=7)
        handled = [each for each in shop.inbox("desk") if each["key"] == "rota"]

    assert written(office) == DAYS
    assert {each["source"] for each in handled} == {"desk"}
    assert {each["type"] for each in handled} == {"desk.Write.v1"}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("missed", "sent"), [("once", [28]), ("all", [25, 26, 27, 28]), ("skip", [])]
)
async def test_what_is_missed_while_nothing_runs(
    office: Office, missed: Any, sent: list[int]
) -> None:
    rota = business(replace(ROTA, missed=missed))
    async with office.open(business=rota, at=MONDAY) as shop:
        await shop.settle()
    async with office.open(business=rota, at=MONDAY + timedelta(days=3, hours=12)) as shop:
        await shop.settle()
        assert written(office) == sent
        await shop.advance(days=1)

    assert written(office) == [*sent, 29]


async def armed(office: Office) -> None:
    async with office.open(business=business(ROTA), at=MONDAY) as shop:
        await shop.settle()


async def a_week(office: Office) -> None:
    """Goes on where the one before was killed, until the next Monday."""
    ((due,),) = office.query("desk", "SELECT next FROM amphibus_schedule")
    begin = as_datetime(due)
    async with office.open(business=business(ROTA), at=begin) as shop:
        left = MONDAY + timedelta(days=7) - as_datetime(shop.clock.now())
        await shop.advance(seconds=left.total_seconds())


def test_killed_between_a_command_and_its_commit(office: Office) -> None:
    assert start(office, what=armed) == 0
    for nth in (3, 1, 2):
        assert start(office, what=a_week, point=f"schedule.before_commit:{nth}") == -signal.SIGKILL
    assert start(office, what=a_week) == 0

    assert written(office) == DAYS


@pytest.mark.asyncio
async def test_a_clock_an_hour_ahead_sends_a_command_once(office: Office) -> None:
    """Sooner, then: nobody knows better. All goes on when the clock is right again."""
    for hours in (5.0, 6.2, 5.3):
        moment = MONDAY + timedelta(hours=hours)
        async with office.open(business=business(ROTA), at=moment) as shop:
            await shop.settle()
            if hours == 5.3:
                await shop.advance(hours=2)
                assert written(office) == [25]
                await shop.advance(days=1)

    assert written(office) == [25, 26]


@pytest.mark.asyncio
async def test_a_clock_a_year_ahead_stops_nothing(office: Office) -> None:
    later = MONDAY + timedelta(days=364, hours=7)
    for moment in (MONDAY, later):
        async with office.open(business=business(ROTA), at=moment) as shop:
            await shop.settle()
    assert written(office) == [later.day]
    async with office.open(business=business(ROTA), at=MONDAY) as shop:
        await shop.advance(days=2)

    assert written(office) == [later.day, 25, 26]


async def _steer(shop: Harness, wanted: Command[Any]) -> dict[str, Any]:
    """Where the schedule stands afterwards."""
    reply = await asked(shop.host, wanted)
    assert reply.outcome == "answered", reply
    (found,) = json.loads(reply.body)["schedules"]
    return dict(found)


@pytest.mark.asyncio
async def test_a_paused_schedule_sends_nothing_and_makes_up_for_nothing(office: Office) -> None:
    """Through a restart too; by hand it still sends one."""
    rota = business(replace(ROTA, missed="all"))
    async with office.open(business=rota, at=MONDAY) as shop:
        await shop.settle()
        found = await _steer(shop, PauseSchedule(schedule="rota", reason="holidays"))
        await shop.advance(days=1)
        assert (found["paused"] > 0, found["reason"]) == (True, "holidays")
        assert written(office) == []
    async with office.open(business=rota, at=MONDAY + timedelta(days=2)) as shop:
        await shop.advance(hours=12)
        assert written(office) == []
        asked = await _steer(shop, RunSchedule(schedule="rota"))
        await shop.settle()
        assert asked["asked"] is not None
        assert written(office) == [27]
        resumed = await _steer(shop, ResumeSchedule(schedule="rota"))
        await shop.advance(days=1)

    assert (resumed["paused"], resumed["asked"]) == (None, None)
    assert written(office) == [27, 28]


@pytest.mark.asyncio
async def test_another_plan_and_one_that_is_declared_again_begin_anew(office: Office) -> None:
    """What fell into the time between is not made up for."""
    rota = replace(ROTA, missed="all")
    days = timedelta(days=1)
    plans = (
        (business(rota), MONDAY),
        (business(replace(rota, spec="0 18 * * *")), MONDAY + 2 * days + timedelta(hours=12)),
        (business(), MONDAY + 3 * days),
        (business(replace(rota, spec="0 18 * * *")), MONDAY + 6 * days),
    )
    for project, moment in plans:
        async with office.open(business=project, at=moment) as shop:
            await shop.advance(hours=7)

    assert written(office) == [25, 27]


@pytest.mark.asyncio
async def test_a_command_that_cannot_be_made_is_made_later(office: Office) -> None:
    """Its time stays due, and holds up nothing else."""
    fails = [RuntimeError("not yet")] * 2

    def sometimes(due: datetime) -> desk.Write:
        if due.year == MONDAY.year and fails:
            raise fails.pop()
        return line(due)

    def other(due: datetime) -> desk.Write:
        return desk.Write(book="other", line=due.day)

    project = business(replace(ROTA, make=sometimes), replace(ROTA, name="other", make=other))
    async with office.open(business=project, at=MONDAY + timedelta(hours=5)) as shop:
        await shop.advance(hours=2)

    assert written(office) == [25]
    assert office.numbers("desk", "other") == [25]
