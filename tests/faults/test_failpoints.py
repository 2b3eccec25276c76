"""Killed at every named place with work in flight, started again: the same end."""

import threading
from collections.abc import Callable
from typing import Final

import pytest

from amphibus.failpoints import FAILPOINTS
from tests.faults.comparing import assert_ends_as_expected
from tests.faults.month import Month
from tests.faults.provider import Provider, one_that_pays, retry_the_dead
from tests.faults.sending import BrokerClient
from tests.faults.shop import Shop

_EARLY: Final = {
    "migrate.before": 2,
    "migrate.after": 2,
    "delay.before": 3,
    "delay.after": 3,
    "retry.before": 1,
    "dead.after": 1,
    "prune.before": 4,
    "stop.draining": 1,
}
"""Where a place is passed seldom, the pass that kills."""
_LATER: Final = 25
_FAST: Final = ("commit.before", "outside.after")
_SLOW: Final = tuple(
    name for name in FAILPOINTS if name not in (*_FAST, "timer.before", "stop.draining")
)


@pytest.mark.parametrize("name", _FAST)
def test_killed_once_where_it_matters_most_it_ends_as_if_nothing_had_been(
    name: str, hurried_shop: Shop, month: Month
) -> None:
    _killed_at(f"{name}:{_EARLY.get(name, _LATER)}", hurried_shop, month.first(25))


@pytest.mark.full
@pytest.mark.parametrize("name", _SLOW)
def test_killed_once_anywhere_it_ends_as_if_nothing_had_been(
    name: str, hurried_shop: Shop, month: Month
) -> None:
    _killed_at(f"{name}:{_EARLY.get(name, _LATER)}", hurried_shop, month.first(60))


def _killed_at(failpoint: str, shop: Shop, month: Month) -> None:
    """Every kind of trouble at once: an outage, a letter that dies and is retried, clean-up, and a kill."""
    sender, provider = BrokerClient(shop, month), Provider(shop.data_dir)
    victim = one_that_pays(month)
    provider.hold_for_a_stranger(victim)
    shop.start(failpoint)
    shop.revive()
    sender.stock()
    with provider.away():
        others = [line for line in month.orders if line is not victim]
        placing = _in_background(lambda: sender.orders(others))
        shop.wait(lambda: _delayed(shop) > 5, "delayed while the provider is away")
    sender.orders([victim])
    placing()
    shop.wait(lambda: _dead(shop) == [victim.id], "dead as its money is held for a stranger")
    provider.let_go_of_the_stranger(victim)
    retry_the_dead(shop)
    shop.until_settled()
    sender.returns()
    shop.until_settled()
    shop.wait(lambda: len(shop.deaths) == 1, f"killed at {failpoint}", within=100)

    assert_ends_as_expected(shop, month)
    assert shop.stop() == 0
    assert len(shop.deaths) == 1


@pytest.mark.full
def test_killed_while_a_deadline_passes_each_order_is_given_up_once(
    shop: Shop, month: Month
) -> None:
    """The provider comes back after the deadline: what it holds then is let go."""
    shop.configure(
        AMPHIBUS_MODULES__ORDERS__PAYMENT_TIMEOUT_HOURS="0.0005",
        AMPHIBUS_BUS__RETRY_LIMIT_SECONDS="0.5",
    )
    few = month.first(12).timed_out()
    sender, provider = BrokerClient(shop, few), Provider(shop.data_dir)
    shop.start("timer.before:3")
    sender.stock()
    with provider.away():
        sender.orders()
        shop.wait(lambda: _timers(shop) == 0, "given up, every one of them")
    shop.until_settled()

    assert_ends_as_expected(shop, few)
    assert len(shop.deaths) == 1


@pytest.mark.full
def test_killed_while_it_stops_it_ends_as_if_nothing_had_been(shop: Shop, month: Month) -> None:
    some = month.first(60)
    asked = threading.Event()

    def ask_to_stop(count: int) -> None:
        if count == len(some.receipts) + 20 and not asked.is_set():
            asked.set()
            shop.interrupt()

    sender = BrokerClient(shop, some, ask_to_stop)
    shop.start("stop.draining:1")
    sender.everything()

    assert len(shop.deaths) == 1
    assert_ends_as_expected(shop, some)


def _in_background(work: Callable[[], None]) -> Callable[[], None]:
    """Begins; what is returned waits for the end and raises what went wrong."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def ended() -> None:
        thread.join()
        if failed:
            raise failed[0]

    return ended


def _delayed(shop: Shop) -> int:
    shop.revive()
    return shop.books.count("payments", "delayed")


def _timers(shop: Shop) -> int:
    shop.revive()
    return shop.books.count("orders", "timer")


def _dead(shop: Shop) -> list[str]:
    shop.revive()
    return shop.books.dead_keys()
