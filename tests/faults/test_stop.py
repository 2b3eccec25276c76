"""SIGTERM in the middle of the work, and a second process on the same data."""

import threading
import time

import pytest

from tests.faults.comparing import assert_ends_as_expected
from tests.faults.month import Month
from tests.faults.provider import Provider
from tests.faults.sending import BrokerClient
from tests.faults.shop import Shop

_DRAIN_SECONDS = 10.0
_SLACK_SECONDS = 3.0


def test_asked_to_stop_it_finishes_what_runs_and_goes_on_later(shop: Shop, month: Month) -> None:
    """No attempt is spent and no crash is counted, and customers notice a pause at most."""
    some = month.first(60)
    stops: list[tuple[int, float, list[object]]] = []
    stopping = threading.Lock()

    def stop_twice(answers: int) -> None:
        with stopping:
            if answers in (len(some.receipts) + 20, len(some.receipts) + 50):
                code, seconds, left = shop.restart()
                stops.append((code, seconds, list(left)))

    shop.start()
    BrokerClient(shop, some, stop_twice).everything()

    assert len(stops) == 2
    for code, seconds, left in stops:
        assert code == 0
        assert seconds < _DRAIN_SECONDS + _SLACK_SECONDS
        assert left == []
    assert not shop.deaths
    assert_ends_as_expected(shop, some)


@pytest.mark.full
def test_a_provider_that_hangs_and_a_client_that_dawdles_do_not_hold_up_its_end(
    shop: Shop, month: Month
) -> None:
    """Neither can be waited for; what they left undone is done at the next start."""
    shop.configure(AMPHIBUS_DRAIN_SECONDS="3", AMPHIBUS_GATEWAY__ACCEPT_WITHIN_SECONDS="0")
    some, drain = month.first(30), 3.0
    sender = BrokerClient(shop, some)
    shop.start()
    sender.stock()
    sender.orders(some.orders[:10])
    shop.until_settled()
    with Provider(shop.data_dir).hanging(), shop.visitor.dawdle("/v1/orders"):
        sender.orders(some.orders[10:])
        began = time.monotonic()
        code = shop.stop()
        seconds = time.monotonic() - began

    assert code == 0
    assert seconds < drain + _SLACK_SECONDS
    assert shop.books.crash_journals() == []
    shop.start()
    shop.until_settled()
    sender.returns()
    shop.until_settled()
    assert_ends_as_expected(shop, some)


def test_a_second_process_on_the_same_data_is_refused_and_the_first_goes_on(
    shop: Shop, month: Month
) -> None:
    few = month.first(5)
    shop.start()
    sender = BrokerClient(shop, few)
    sender.stock()

    refused = shop.another()

    assert refused.returncode != 0
    assert "this shop runs already: process" in refused.stdout + refused.stderr
    sender.orders()
    shop.until_settled()
    sender.returns()
    shop.until_settled()
    assert_ends_as_expected(shop, few)
