"""Code of a project that the runtime calls beside its handlers may raise anything: it hurts its own messages alone."""

import asyncio
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest
from structlog.testing import capture_logs

from amphibus.errors import RequestFailed
from amphibus.inbox import runner
from amphibus.inbox.attempt import Attempt, Origin
from amphibus.messages.contracts.amphibus.v1 import PauseModule, ResumeModule
from amphibus.messages.envelope import Envelope
from amphibus.messages.ids import new_id, new_trace
from amphibus.module import convert, on
from amphibus.routing.project import Project
from amphibus.routing.topology import GATEWAY
from amphibus.schedule.declared import every
from amphibus.testing.conformance.business import ROOT, contracts, modules, project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.contracts.desk import v2 as desk2
from amphibus.testing.conformance.office import Office, until
from tests.conformance.asking import asked

pytestmark = pytest.mark.asyncio
Break = Callable[[Any], NoReturn]
SOON: dict[str, Any] = {"max_attempts": 2, "quick_retries": 1}
MIDNIGHT = datetime(2030, 3, 25, tzinfo=UTC)


def leave(_given: Any) -> NoReturn:
    sys.exit(3)


def time_out(_given: Any) -> NoReturn:
    """As a client of something else does; the database of the module has nothing to do with it."""
    raise TimeoutError("a rate of exchange did not come")


BREAKS = pytest.mark.parametrize("broken", [leave, time_out])


@pytest.fixture
def shop(tmp_path: Path) -> Office:
    return Office("memory", tmp_path)


def with_converters(commands: Any, events: Any) -> Project:
    page, *others = modules()
    between = (
        convert(desk.Paint, desk2.Paint, commands),
        convert(desk2.Painted, desk.Painted, events),
    )
    pages = (replace(page, converts=between), *others)
    return Project.declared(ROOT, contracts=contracts(), modules=pages)


def painted(_old: Any) -> desk2.Paint:
    return desk2.Paint(book="b", colour="black")


@BREAKS
async def test_what_a_limit_counts_by_may_fail(shop: Office, broken: Break) -> None:
    business = project(calls={"at_most": 1, "per": broken})
    async with shop.open("desk", business=business, **SOON) as harness:
        await harness.send(desk.Call(book="b", line=1), desk.Write(book="c", line=2))
        await until(lambda: harness.dead("desk"))

        (letter,) = harness.dead("desk")
        assert (letter["reason"], letter["attempts"]) == ("failed", 2)
        assert shop.numbers("desk", "c") == [2]
        assert harness.host.health.reasons() == {}


@BREAKS
async def test_a_converter_to_an_older_event_may_fail(shop: Office, broken: Break) -> None:
    business = with_converters(painted, broken)
    async with shop.open("desk", business=business, **SOON) as harness:
        await harness.send(desk2.Paint(book="b", colour="red"), desk.Write(book="c", line=2))
        await until(lambda: harness.dead("desk"))

        (letter,) = harness.dead("desk")
        assert (letter["reason"], letter["attempts"]) == ("failed", 2)
        assert shop.numbers("desk", "c") == [2]
        assert shop.numbers("desk", "b") == []
        assert harness.host.health.reasons() == {}


@BREAKS
async def test_a_converter_of_what_is_asked_may_fail(shop: Office, broken: Break) -> None:
    async with shop.open("desk", business=with_converters(broken, broken)) as harness:
        with pytest.raises(RequestFailed) as failed:
            await harness.request(desk.Paint(book="b", dark=True))
        assert "the converter of desk.Paint.v1" in failed.value.why


@BREAKS
async def test_a_schedule_may_fail_to_make_its_command(shop: Office, broken: Break) -> None:
    """Also by a key that no database holds. It was sound when it was checked."""

    def bad(due: datetime) -> desk.Write:
        return desk.Write(book="a", line=0) if due < MIDNIGHT else broken(due)

    def odd(due: datetime) -> desk.Write:
        return desk.Write(book="a" if due < MIDNIGHT else "a\x00", line=0)

    def good(due: datetime) -> desk.Write:
        return desk.Write(book="b", line=due.hour)

    page, *others = modules()
    schedules = [
        every("1h", desk.Write, name=make.__name__, make=make) for make in (bad, good, odd)
    ]
    pages = (replace(page, schedules=tuple(schedules)), *others)
    business = Project.declared(ROOT, contracts=contracts(), modules=pages)
    with capture_logs() as lines:
        async with shop.open("desk", business=business, at=MIDNIGHT) as harness:
            await harness.advance(hours=2, minutes=1)

            assert shop.numbers("desk", "b") == [1, 2]
            assert harness.host.health.reasons() == {}
    failed = {line["name"] for line in lines if line["event"] == "schedule.failed"}
    assert failed == {"bad", "odd"}


async def test_a_suspect_that_is_cancelled_from_within_has_failed(shop: Office) -> None:
    """It ran while its process was killed, so it runs alone; libraries cancel what they own."""

    async def write(_message: desk.Write, _context: Any) -> None:
        raise asyncio.CancelledError

    page, *others = modules()
    handles = [on(desk.Write, write) if row.contract is desk.Write else row for row in page.handles]
    pages = (replace(page, handles=tuple(handles)), *others)
    business = Project.declared(ROOT, contracts=contracts(), modules=pages)
    async with shop.open("desk", business=business, **SOON) as harness:
        harness.host.journal.suspects["desk", GATEWAY, "suspect"] = 0
        await harness.send(desk.Write(book="b", line=1), message_id="suspect")
        await harness.send(desk.Guard(book="b", line=2))
        await until(lambda: shop.numbers("desk", "b") == [2])

        assert [letter["reason"] for letter in harness.dead("desk")] == ["failed"]
        assert harness.host.journal.suspects == {}


async def test_what_lines_up_behind_a_held_message_does_not_hold_its_key(shop: Office) -> None:
    """A row that was read just before the pause lines up behind a message that waits to call outside."""
    gate = asyncio.Event()

    async def call(_message: desk.Call, _outside: Any) -> None:
        await gate.wait()

    settings = {"bus.outside_concurrency": 1}
    async with shop.open("desk", business=project(step=call), settings=settings) as harness:
        receiver, left = harness.host.modules["desk"].receiver, asyncio.Event()
        await harness.send(desk.Call(book="a", line=1), desk.Call(book="b", line=2))
        await until(lambda: receiver.in_flight == 2)
        await asked(harness.host, PauseModule(reason="stocktaking"))
        behind = envelope_of(desk.Call(book="b", line=0))
        receiver.begin(Attempt(behind, Origin.DELAYED, 0, left.set, seq=1_000_000))
        gate.set()
        await until(left.is_set)
        await asked(harness.host, ResumeModule())
        await harness.send(desk.Call(book="b", line=3))
        await until(lambda: shop.numbers("desk", "b") == [2, 3])


def envelope_of(message: desk.Call) -> Envelope:
    return Envelope(
        id=new_id(),
        type=message.contract_type,
        source=GATEWAY,
        key=message.key_value(),
        time=0,
        correlation="c",
        causation=None,
        trace=new_trace(),
        body=message.model_dump_json().encode(),
    )


async def test_a_handler_that_reads_what_is_no_database_has_failed(
    shop: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told by the same error as a file of ours that is broken; in ours, its failure could not be recorded."""
    monkeypatch.setattr(runner, "_STORE_PAUSE_SECONDS", 0.01)
    other = tmp_path / "other.db"
    other.write_bytes(b"no database" * 100)

    async def write(_message: desk.Write, _context: Any) -> None:
        with closing(sqlite3.connect(other)) as connection:
            connection.execute("SELECT * FROM sqlite_master")

    page, *others = modules()
    handles = [on(desk.Write, write) if row.contract is desk.Write else row for row in page.handles]
    pages = (replace(page, handles=tuple(handles)), *others)
    business = Project.declared(ROOT, contracts=contracts(), modules=pages)
    async with shop.open("desk", business=business, **SOON) as harness:
        await harness.send(desk.Write(book="b", line=1))
        await until(lambda: harness.dead("desk"))

        (letter,) = harness.dead("desk")
        assert (letter["reason"], letter["attempts"]) == ("failed", 2)
        assert "not a database" in letter["error"]
