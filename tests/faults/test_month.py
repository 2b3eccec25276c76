"""The whole month over HTTP ends exactly as it was worked out apart from the shop."""

import json

import pytest

from amphibus.config.settings import load_settings
from tests.faults.comparing import assert_ends_as_expected
from tests.faults.conftest import Say
from tests.faults.month import ROOT, Month, folder
from tests.faults.sending import BrokerClient
from tests.faults.shop import Shop


def test_what_we_work_out_is_what_came_with_the_month(month: Month) -> None:
    """Stock, captures and refunds are worked out here for any slice; the whole has known sums."""
    path = folder()
    assert path is not None
    expected = json.loads((path / "expected.json").read_text())
    summary = expected["summary"]
    fates = month.fates.values()

    assert dict(month.stock) == expected["final_stock"]
    assert sum(fate.captured for fate in fates) == round(float(summary["captured"]) * 100)
    assert sum(sum(fate.refunds) for fate in fates) == round(float(summary["refunded"]) * 100)


@pytest.mark.parametrize("what", ["DATA", "AMQP", "RABBITMQ"])
def test_the_variables_that_name_what_the_tests_use_are_no_settings_of_the_shop(what: str) -> None:
    settings = load_settings(ROOT, environ={f"AMPHIBUS_TEST_{what}": "anywhere"})

    assert settings.port == 8000


@pytest.mark.full
def test_the_whole_month_over_http_ends_as_expected(shop: Shop, month: Month, say: Say) -> None:
    shop.start()
    sender = BrokerClient(shop, month)
    sender.everything()
    count, seconds = len(month.orders), sender.seconds
    say(f"{count} orders in {seconds:.1f} s: {count / seconds:.0f} orders/s")

    assert_ends_as_expected(shop, month)
    assert shop.stop() == 0
    assert not shop.deaths
