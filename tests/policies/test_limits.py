"""A type of message that is limited, where one instance has its module."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from amphibus.context import Outside
from amphibus.database.steering.limits import waits_for_its_turn
from amphibus.policy import Retries
from amphibus.routing.project import Project
from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.contracts.desk import v1 as desk
from amphibus.testing.conformance.office import Office, until

pytestmark = pytest.mark.asyncio
CALL = desk.Call.contract_type


@dataclass
class Provider:
    """Counts who calls it at once, and when."""

    seconds: float = 0.0
    calls: list[tuple[str, int]] = field(default_factory=list)
    began: list[float] = field(default_factory=list)
    now: int = 0
    most: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    @contextmanager
    def busy(self) -> Iterator[None]:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            yield
        finally:
            self.now -= 1

    async def ask(self, message: desk.Call, _outside: Outside[Any]) -> str:
        """The step before the transaction."""
        self.calls.append((message.book, message.line))
        self.began.append(time.monotonic())
        with self.busy(), contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.seconds or None):
                await self.gate.wait()
        return "yes"


def desk_that(step: Any, **policy: Any) -> Project:
    """The tiny business, where calls of the desk are limited."""
    return project(step=step, calls=policy)


@pytest.fixture
def shop(tmp_path: Path) -> Office:
    """The desk in memory, on a file."""
    return Office("memory", tmp_path)


def waiting(shop: Office) -> int:
    """How many wait for their turn among the delayed messages."""
    statement = "SELECT count(*) FROM amphibus_delayed WHERE error = ?"
    return int(shop.query("desk", statement, waits_for_its_turn(CALL, ""))[0][0])


async def test_so_many_are_under_way_at_once_and_others_go_on(shop: Office) -> None:
    """More than wait in memory: the rest waits among the delayed, and a message of another type passes all of them."""
    provider = Provider()
    business = desk_that(provider.ask, at_most=3)
    async with shop.open("desk", business=business) as harness:
        await harness.send(*(desk.Call(book=f"b{each}", line=each) for each in range(100)))
        await harness.send(desk.Guard(book="other", line=1))
        await until(lambda: shop.numbers("desk", "other") == [1])
        await until(lambda: waiting(shop) == 100 - 3 - 64)
        first = provider.calls[:]
        provider.seconds = 0.001
        provider.gate.set()
        await harness.settle()

    assert len(first) == provider.most == 3
    assert sorted(provider.calls) == sorted((f"b{each}", each) for each in range(100))
    assert shop.count("desk", "line") == 101


async def test_order_of_a_key_holds_through_waiting_apart_and_a_restart(shop: Office) -> None:
    """What waits among the delayed comes back in its order."""
    provider = Provider()
    business = desk_that(provider.ask, at_most=1)
    async with shop.open("desk", business=business, settings={"drain_seconds": 0.2}) as harness:
        await harness.send(*(desk.Call(book=f"b{each % 80}", line=each) for each in range(160)))
        await until(lambda: waiting(shop) > 0)
    provider.seconds = 0.0001
    async with shop.open("desk", business=business) as harness:
        await harness.settle()

    assert provider.most == 1
    for book in range(80):
        assert shop.numbers("desk", f"b{book}") == [book, book + 80]


async def test_a_rate_is_kept(shop: Office) -> None:
    provider = Provider(seconds=0.0001)
    async with shop.open("desk", business=desk_that(provider.ask, rate="50/s")) as harness:
        await harness.send(*(desk.Call(book=f"b{each}", line=each) for each in range(30)))
        await harness.settle()
    in_half_a_second = [
        sum(began <= each < began + 0.5 for each in provider.began) for began in provider.began
    ]

    assert len(provider.calls) == 30
    assert provider.began[-1] - provider.began[0] >= 29 * 0.020 * 0.9
    assert max(in_half_a_second) <= 0.5 * 50 * 1.1 + 1


async def test_a_rate_outlives_a_restart(shop: Office) -> None:
    """One a day is one a day, however often its process begins anew."""
    provider = Provider(seconds=0.0001)
    business = desk_that(provider.ask, rate="1/d")
    for line in range(3):
        async with shop.open("desk", business=business, settings={"drain_seconds": 0.2}) as harness:
            await harness.send(desk.Call(book=f"b{line}", line=line))
            await harness.send(desk.Guard(book="other", line=line))
            await until(lambda: provider.calls)
            await until(lambda: len(shop.numbers("desk", "other")) > line)  # noqa: B023 - at once
    async with shop.open("desk", business=business, settings={"drain_seconds": 0.2}) as harness:
        harness.clock.advance(timedelta(days=1))
        harness.host.wake()
        await until(lambda: len(provider.calls) == 2)

    assert len(provider.calls) == 2


async def test_each_value_has_a_limit_of_its_own(shop: Office) -> None:
    provider = Provider()
    async with shop.open(
        "desk", business=desk_that(provider.ask, at_most=1, per="book")
    ) as harness:
        await harness.send(*(desk.Call(book="ab"[each % 2], line=each) for each in range(6)))
        await until(lambda: provider.now == 2)
        calls = sorted(provider.calls)
        provider.gate.set()
        await harness.settle()

    assert calls == [("a", 0), ("b", 1)]


async def test_what_cannot_tell_for_what_it_counts_fails(shop: Office) -> None:
    """Its message is tried again and dies as any other that fails."""

    def per(message: desk.Call) -> str:
        raise ValueError(message.book)

    provider = Provider(seconds=0.0001)
    business = desk_that(provider.ask, at_most=1, per=per)
    async with shop.open("desk", business=business, max_attempts=1) as harness:
        await harness.send(desk.Call(book="a", line=1))
        await harness.settle()
        (letter,) = harness.dead("desk")

    assert letter["reason"] == "failed"
    assert provider.calls == []


async def test_a_call_in_a_thread_counts_until_it_ends(shop: Office) -> None:
    """Though nobody waits for it any more."""
    gate, running, most, lock = threading.Event(), [0], [0], threading.Lock()

    def step(_message: desk.Call, _outside: Outside[Any]) -> str:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        gate.wait(30)
        with lock:
            running[0] -= 1
        return "late"

    business = desk_that(step, at_most=1, outside_timeout=0.05)
    async with shop.open("desk", business=business) as harness:
        await harness.send(desk.Call(book="a", line=1), desk.Call(book="b", line=2))
        await until(lambda: shop.numbers("desk", "a") + shop.numbers("desk", "b"))
        done_meanwhile = shop.count("desk", "line")
        gate.set()
        await harness.settle()

    assert done_meanwhile == 1
    assert most == [1]
    assert shop.count("desk", "line") == 2


async def test_what_waits_for_its_turn_holds_up_no_stop(shop: Office) -> None:
    """It is given up at once, and begun at the next start."""
    provider = Provider()
    async with shop.open("desk", business=desk_that(provider.ask, at_most=1)) as harness:
        await harness.send(*(desk.Call(book=f"b{each}", line=each) for each in range(5)))
        await until(lambda: provider.now == 1)
        asyncio.get_running_loop().call_later(0.05, provider.gate.set)
    handled = shop.count("desk", "line")
    async with shop.open("desk", business=desk_that(provider.ask, at_most=1)) as harness:
        await harness.settle()

    assert handled == 1
    assert shop.count("desk", "line") == 5


class Stolen(Exception):
    """A card that is stolen."""


async def test_what_is_dead_at_once_says_so_in_its_letter(shop: Office) -> None:
    """It spends one attempt; other failures of its handler are tried again as ever."""

    async def ask(message: desk.Call, _outside: Outside[Any]) -> str:
        raise Stolen if message.line == 1 else ValueError

    business = desk_that(ask, retries=Retries(attempts=2, quick=1, dead=(Stolen,)))
    async with shop.open("desk", business=business) as harness:
        await harness.send(*(desk.Call(book=f"b{line}", line=line) for line in (1, 2)))
        await harness.settle()
        letters = {each["key"]: each for each in harness.dead("desk")}

    assert (letters["b1"]["reason"], letters["b1"]["attempts"]) == ("hopeless", 1)
    assert "Stolen" in letters["b1"]["error"]
    assert "its front page says that it is dead at once" in letters["b1"]["error"]
    assert (letters["b2"]["reason"], letters["b2"]["attempts"]) == ("failed", 2)
