"""Operations on many dead letters: what is dead when they begin, at a rate, stopped, resumed, counted exactly."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from amphibus.messages.contracts.amphibus.acting import Condition, Operator
from amphibus.messages.contracts.amphibus.v1 import (
    ListAudit,
    PauseModule,
    ResumeModule,
    ResumeOperation,
    StartOperation,
    StopOperation,
)
from amphibus.testing import Harness
from amphibus.testing.conformance.office import Office, grown
from tests.conformance.letters import bury, counts, done, ended, progress

pytestmark = pytest.mark.asyncio
_SOMEBODY = Operator(who="ada")


def _retry(identity: str, *where: Condition, **more: Any) -> StartOperation:
    return StartOperation(id=identity, kind="retry", where=where, by=_SOMEBODY, **more)


def _written(office: Office) -> Counter[int]:
    """The number of books with one line, with two, …: the effects of a message are those of one run."""
    return Counter(Counter(book for book, _, _ in office.lines("desk")).values())


async def _stopped_in_the_middle(office: Office, shop: Harness, at: int, rate: float) -> int:
    """Stops an operation once so many letters are through; returns how many were."""
    await done(shop, _retry("o", per_second=rate))
    through = "SELECT count(*) FROM amphibus_operation_letter WHERE state = 'done'"
    await grown(lambda: int(office.query("desk", through)[0][0]), at)
    facts = await done(shop, StopOperation(id="o", by=_SOMEBODY))
    await shop.settle()
    assert facts["state"] == "stopped"
    return int(facts["done"])


async def test_what_dies_again_is_not_taken_twice(office: Office) -> None:
    async with office.open(max_attempts=1, quick_retries=0) as shop:
        bury(office, 60, broken=3)
        await done(shop, _retry("o"))
        facts = await ended(office, shop, "o")

    assert counts(facts) == {"total": 60, "done": 60, "skipped": 0, "again": 20, "waiting": 0}
    assert _written(office) == {1: 40}
    assert office.count("desk", "amphibus_dead") == 20


async def test_one_is_stopped_and_resumed_with_exact_counts(office: Office) -> None:
    async with office.open(max_attempts=1, quick_retries=0) as shop:
        bury(office, 60)
        stopped = await _stopped_in_the_middle(office, shop, 3, rate=5.0)
        meanwhile = counts(await progress(shop, "o")), _written(office)
        await done(shop, ResumeOperation(id="o", per_second=10_000.0, by=_SOMEBODY))
        facts = await ended(office, shop, "o")

    assert 3 <= stopped < 60
    assert meanwhile[0] == {"total": 60, "done": stopped, "skipped": 0, "again": 0, "waiting": 0}
    assert meanwhile[1] == {1: stopped}
    assert counts(facts)["done"] == 60
    assert _written(office) == {1: 60}


async def test_two_operators_who_retry_the_same_group_do_it_once(office: Office) -> None:
    async with office.open(max_attempts=1, quick_retries=0) as shop:
        bury(office, 80, kinds=2)
        group = Condition(field="group", comparison="=", value="kind1")
        both = (_retry("a", group, per_second=400.0), _retry("b", group, per_second=400.0))
        await asyncio.gather(*(done(shop, each) for each in both))
        first, second = await ended(office, shop, "a"), await ended(office, shop, "b")

    assert first["done"] + second["done"] == 40
    assert first["skipped"] + second["skipped"] == first["total"] + second["total"] - 40
    assert _written(office) == {1: 40}
    assert office.count("desk", "amphibus_dead") == 40


async def test_a_limit_takes_the_oldest_and_a_discard_ends_them(office: Office) -> None:
    async with office.open() as shop:
        bury(office, 30)
        wanted = StartOperation(id="o", kind="discard", limit=12, reason="old", by=_SOMEBODY)
        await done(shop, wanted)
        facts = await ended(office, shop, "o")
        audited = (await done(shop, ListAudit(limit=10)))["entries"]

    assert counts(facts) == {"total": 12, "done": 12, "skipped": 0, "again": 0, "waiting": 0}
    left = [row[0] for row in office.query("desk", "SELECT key FROM amphibus_dead ORDER BY seq")]
    assert left == [f"b{number}" for number in range(13, 31)]
    outcomes = office.query("desk", "SELECT DISTINCT outcome FROM amphibus_inbox")
    assert outcomes == [("discarded",)]
    acts = [(each["what"], each["who"], each["reason"], each["count"]) for each in audited]
    assert acts == [("StartOperation", "ada", "old", 1), ("EndOperation", "ada", "old", 12)]


async def test_a_paused_module_gets_nothing_back(office: Office) -> None:
    async with office.open() as shop:
        await done(shop, PauseModule())
        bury(office, 5)
        await done(shop, _retry("o"))
        for _ in range(3):
            await shop.host.modules["desk"].operations._round()
        assert office.query("desk", "SELECT done, total FROM amphibus_operation") == [(0, 0)]
        await done(shop, ResumeModule())
        facts = await ended(office, shop, "o")

    assert counts(facts)["done"] == 5


async def test_a_slow_one_delays_no_other(office: Office) -> None:
    """Another instance may have been asked to begin one, or to go on faster."""
    async with office.open(max_attempts=1, quick_retries=0) as shop:
        bury(office, 60)
        await done(shop, _retry("o", per_second=10 / 3_600))
        pauses = [await shop.host.modules["desk"].operations._round() for _ in range(3)]

    assert max(pauses) <= 2.0


@pytest.mark.full
@pytest.mark.timeout(1800)
async def test_ten_thousand_at_200_a_second_are_stopped_resumed_and_none_is_done_twice(
    office: Office,
) -> None:
    async with office.open(max_attempts=1, quick_retries=0) as shop:
        bury(office, 10_000, broken=10)
        stopped = await _stopped_in_the_middle(office, shop, 3_000, rate=200.0)
        facts = await progress(shop, "o")
        began = "SELECT count(*), max(handled) - (SELECT began FROM amphibus_operation) FROM amphibus_inbox"
        ((handled, microseconds),) = office.query("desk", began)
        assert counts(facts) == {
            "total": 10_000,
            "done": stopped,
            "skipped": 0,
            "again": stopped // 10,
            "waiting": 0,
        }
        await done(shop, ResumeOperation(id="o", per_second=2_000.0, by=_SOMEBODY))
        facts = await ended(office, shop, "o")

    assert 3_000 <= stopped < 10_000  # a busy machine is late to see it, and to stop it
    assert counts(facts)["done"] == 10_000
    assert counts(facts)["again"] == 1_000
    assert _written(office) == {1: 9_000}
    # A busy machine may be slower; that it is not slower by itself is a test of the pace alone.
    assert handled / microseconds * 1_000_000 * 10 / 9 <= 220
