"""On a server its clock counts: due times and leases do not care what time a process believes that it is."""

import time
from datetime import timedelta

import pytest

from amphibus.admin import dead
from amphibus.clock import SECOND, DatabaseClock, VirtualClock, elapsed
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office

_HOUR = 3600 * SECOND
_A_WHILE = 60 * SECOND
"""Longer than a test takes, and much shorter than the process's clock is wrong."""
_NOW = "(extract(epoch from clock_timestamp()) * 1000000)::bigint"


@pytest.fixture(params=[-_HOUR, _HOUR], ids=["behind", "ahead"])
def wrong(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets the process's clock wrong by an hour."""
    right = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: right() + request.param * 1000)


@pytest.mark.asyncio
@pytest.mark.usefixtures("wrong")
async def test_due_times_and_leases_are_by_the_clock_of_the_server(office: Office) -> None:
    async with office.open(quick_retries=0, max_attempts=2) as shop:
        await shop.send(desk.Lend(book="b"), desk.Write(book="c", line=1, mood="broken"))
        await shop.settle()
        leases = _left(office, "amphibus_instance", "until")
        timers = _left(office, "amphibus_timer")
        delayed = _left(office, "amphibus_delayed")
        await shop.advance(days=8, minutes=1)
        stores = office.stores("desk")
        await dead.retry(stores, await dead.found_at_rest(stores))
        retried = _left(office, "amphibus_delayed")

    assert office.lines("readers") == [("b", 0, "missed")]
    assert leases > 0
    assert leases <= 10 * SECOND
    assert abs(timers - 8 * 24 * _HOUR) < _A_WHILE
    assert abs(delayed) < _A_WHILE
    assert abs(retried) < _A_WHILE


def test_an_answer_corrects_the_clock_by_no_more_than_it_must() -> None:
    clock = DatabaseClock()
    began = elapsed()
    clock.compare(1_000 * _HOUR, asked=began, answered=began)
    assert _is_about(clock.now(), 1_000 * _HOUR)

    clock.compare(1_001 * _HOUR, asked=began - 2 * _HOUR, answered=began + 2 * _HOUR)
    assert _is_about(clock.now(), 1_000 * _HOUR), "an answer that took hours says nothing else"

    clock.compare(1_001 * _HOUR, asked=began, answered=began)
    assert _is_about(clock.now(), 1_001 * _HOUR)


def test_until_the_first_answer_it_is_the_clock_of_the_machine() -> None:
    assert _is_about(DatabaseClock().now(), time.time_ns() // 1000)


def test_a_clock_that_is_moved_by_hand_keeps_step_too() -> None:
    clock = VirtualClock(DatabaseClock())
    clock.advance(timedelta(hours=1))
    clock.compare(1_000 * _HOUR, asked=elapsed(), answered=elapsed())

    assert _is_about(clock.now(), 1_001 * _HOUR)


def _is_about(time_is: int, expected: int) -> bool:
    return abs(time_is - expected) < _A_WHILE


def _left(office: Office, table: str, column: str = "due") -> int:
    """The time until the one row of a table is due, by the server."""
    ((left,),) = office.query("desk", f"SELECT {column} - {_NOW} FROM {table}")
    return int(left)
