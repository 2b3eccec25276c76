"""A limit, a clock or a patience that changes while messages wait for their turn."""

import asyncio
from datetime import timedelta
from typing import Any, cast

import pytest

from amphibus.database.steering.limits import LimitSet, set_limit
from amphibus.inbox.attempt import Attempt
from amphibus.inbox.limits.line import Limit, Waiting, WaitingLine
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until
from tests.policies.test_limits import CALL, Provider, desk_that, shop, waiting

__all__ = ["shop"]
pytestmark = pytest.mark.asyncio


def line_of(limit: Limit) -> WaitingLine:
    """A line of one instance, of which at most eight may be under way."""
    return WaitingLine((CALL, ""), limit, shared=False, most_here=8)


async def in_the_same_moment(line: WaitingLine, patience: float | None) -> "asyncio.Task[Any]":
    """Somebody who waits in a line, and whose turn has just been given and is not heard of yet."""
    waiting = Waiting(cast("Attempt", None), asyncio.get_running_loop().create_future())
    line.waiting.append(waiting)
    task = asyncio.ensure_future(waiting.given(patience))
    await asyncio.sleep(0)
    line.admit(0, 0, lambda: None)
    assert line.in_use == 1
    return task


async def test_a_turn_that_comes_as_the_patience_ends_is_taken() -> None:
    """Else it would be nobody's, and never given back."""
    line = line_of(Limit(at_most=1))
    turn = await (await in_the_same_moment(line, patience=0))
    turn.end()

    assert line.in_use == 0


async def test_a_turn_that_comes_as_who_waits_is_cancelled_is_given_back() -> None:
    line = line_of(Limit(at_most=1))
    task = await in_the_same_moment(line, patience=None)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert line.in_use == 0


async def test_a_rate_that_is_raised_lets_those_go_who_wait(shop: Office) -> None:
    """The time at which the old one would have let the next begin means nothing to the new one."""
    provider = Provider(seconds=0.0001)
    async with shop.open("desk", business=desk_that(provider.ask, rate="1/d")) as harness:
        await harness.send(*(desk.Call(book=f"b{each}", line=each) for each in range(4)))
        await until(lambda: provider.calls)
        wanted = LimitSet(CALL, harness.clock.now(), None, None, "50/s", "faster")
        await harness.host.modules["desk"].writer.submit(
            lambda transaction: set_limit(transaction.sql, wanted)
        )
        await until(lambda: len(provider.calls) == 4)


async def test_a_clock_that_is_set_back_stops_no_line(shop: Office) -> None:
    """Times that were given before lie an hour ahead, and are forgotten."""
    provider = Provider(seconds=0.0001)
    async with shop.open("desk", business=desk_that(provider.ask, rate="20/s")) as harness:
        await harness.send(*(desk.Call(book=f"b{each}", line=each) for each in range(12)))
        await until(lambda: provider.calls)
        harness.clock.advance(timedelta(hours=-1))
        await until(lambda: len(provider.calls) == 12)


async def test_what_waited_apart_comes_all_at_once_when_its_type_is_not_limited_any_more(
    shop: Office,
) -> None:
    """After a deployment, of which nothing in memory tells that there was a limit."""
    provider = Provider()
    business = desk_that(provider.ask, at_most=1)
    async with shop.open("desk", business=business, settings={"drain_seconds": 0.2}) as harness:
        await harness.send(*(desk.Call(book=f"b{each}", line=each) for each in range(160)))
        await until(lambda: waiting(shop) > 48)
    apart = waiting(shop)
    provider.gate.set()
    seen: list[int] = []
    async with shop.open("desk", business=desk_that(provider.ask)) as harness:
        later = "SELECT count(*) FROM amphibus_delayed WHERE due > ?"

        def none_is_later() -> bool:
            seen.append(int(shop.query("desk", later, harness.clock.now())[0][0]))
            return seen[-1] == 0

        await until(none_is_later)
        await harness.settle()

    assert apart > 48
    assert set(seen) <= {apart, 0}


async def test_another_limit_forgets_the_times_of_the_one_before() -> None:
    """Also those that are near enough to be waited for."""
    line = line_of(Limit(interval=4_000_000))
    line.not_before = 3_000_000
    line.limit_to(Limit(interval=20_000))

    assert line.not_before == 0
