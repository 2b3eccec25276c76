"""kill -9 at moments that nobody chose, started again each time: the same end."""

import threading
import time
from random import Random

import pytest

from tests.faults.comparing import assert_ends_as_expected
from tests.faults.conftest import Say
from tests.faults.month import Line, Month
from tests.faults.provider import Provider
from tests.faults.sending import BrokerClient
from tests.faults.shop import Shop

_LONGEST_PAUSE_SECONDS = 0.05


class Killer:
    """Kills after so many answers, give or take a moment. The seed says when."""

    def __init__(self, shop: Shop, month: Month, *, seed: int, times: int) -> None:
        chance = Random(seed)
        answers = len(month.receipts) + len(month.orders) + len(month.returns)
        moments = sorted(chance.sample(range(len(month.receipts), answers), times))
        self.moments = [(count, chance.random() * _LONGEST_PAUSE_SECONDS) for count in moments]
        self._shop = shop
        self._left = list(self.moments)
        self._choosing = threading.Lock()

    def __call__(self, answers: int) -> None:
        """Called after every answer."""
        with self._choosing:
            if not self._left or answers < self._left[0][0]:
                return
            _, pause = self._left.pop(0)
        # A seeded moment, not a hope: nothing is expected to have happened by then.
        threading.Event().wait(pause)
        self._shop.kill()


def _killed(shop: Shop, month: Month, say: Say, *, seed: int, times: int) -> None:
    killer = Killer(shop, month, seed=seed, times=times)
    say(f"seed {seed}: killed after answers {[count for count, _ in killer.moments]}")
    shop.start()
    sender = BrokerClient(shop, month, killer)
    sender.everything()

    assert len(shop.deaths) == times
    assert_ends_as_expected(shop, month)
    assert shop.stop() == 0


def _called(shop: Shop) -> int:
    """Messages of the payments module that orders has not been told are safe."""
    return shop.books.count("orders", "delivery")


def _decided(shop: Shop, line: Line) -> bool:
    answer = shop.visitor.get(f"/v1/orders/{line.id}")
    return bool(answer.body["status"] in {"confirmed", "rejected"})


@pytest.mark.full
def test_killed_at_three_moments_of_a_part_of_the_month_it_ends_as_expected(
    shop: Shop, month: Month, say: Say
) -> None:
    _killed(shop, month.first(120), say, seed=20101201, times=3)


@pytest.mark.full
def test_killed_while_the_provider_hangs_what_needs_no_payment_goes_on_at_once(
    shop: Shop, month: Month
) -> None:
    """What was asked of the provider is tried again one by one; nobody else has to wait for that."""
    shop.configure(AMPHIBUS_GATEWAY__ACCEPT_WITHIN_SECONDS="0")
    some = month.first(90)
    free = [line for line in some.orders if some.fates[line.id].payment == "not_required"][:3]
    paid = [line for line in some.orders if line not in free]
    sender = BrokerClient(shop, some)
    shop.start()
    sender.stock()
    with Provider(shop.data_dir).hanging():
        sender.orders(paid)
        shop.wait(lambda: _called(shop) > 5, "asked of the provider")
        shop.kill()
        began = time.monotonic()
        sender.orders(free)
        shop.wait(lambda: all(_decided(shop, line) for line in free), "decided", within=100)
        seconds = time.monotonic() - began
    shop.until_settled()
    sender.returns()
    shop.until_settled()

    assert seconds < 5.0
    assert_ends_as_expected(shop, some)


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_ten_moments_of_the_whole_month_it_ends_as_expected(
    seed: int, shop: Shop, month: Month, say: Say
) -> None:
    _killed(shop, month, say, seed=seed, times=10)
