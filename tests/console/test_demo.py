"""`amphibus demo`: what it shows must be so, and its oracle must be right on its own."""

from collections import Counter
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amphibus.cli.run.running import note_address
from demo.month_check import Comparison
from demo.month_data import Month, make_month
from demo.oracle import Fate, foretell
from demo.shop import DECLINED
from demo.story import folder_of
from tests.console.conftest import Console

ROOT = Path(__file__).parents[2]


@pytest.fixture
def shop() -> Console:
    """The command line in the shop itself."""
    return Console(ROOT)


def test_one_order_is_confirmed_and_one_declined_message_by_message(shop: Console) -> None:
    ended = shop("demo", AMPHIBUS_PORT="1")

    assert ended.code == 0, ended.err
    first, second = ended.out.split("order    ")[1:]
    assert "CONFIRMED  10.16 GBP" in first
    assert "REJECTED (payment_declined)" in second
    for order in (first, second):
        shown = [line for line in order.splitlines() if " -> " in line]
        assert f" messages, {len(shown)} hops in " in order
    for hop in (
        "gateway -> PlaceOrder           -> orders",
        "orders -> ReserveStock         -> inventory",
        "payments -> PaymentAuthorized    -> orders",
        "orders -> OrderConfirmed       -> notifications",
    ):
        assert hop in first
    for hop in (
        "payments -> PaymentDeclined      -> orders",
        "orders -> ReleaseStock         -> inventory",
    ):
        assert hop in second


@pytest.mark.full
def test_an_order_outlives_two_kills_and_an_outage_of_payments(shop: Console) -> None:
    ended = shop("demo", "--outage")

    assert ended.code == 0, ended.err
    before, after = ended.out.split("PENDING  what goes to payments waits")
    assert "payments -> PaymentAuthorized" not in before
    assert "payments -> PaymentAuthorized" in after
    assert "CONFIRMED" in after


def test_a_month_of_orders_ends_as_foretold(shop: Console) -> None:
    ended = shop("demo", "--month", "--seed", "3", "--orders", "40")

    assert ended.code == 0, ended.err
    rows = {line.split()[0]: line.split()[1:] for line in ended.out.splitlines() if line}
    kinds = ("answer", "order", "payment", "article", "mail", "day", "ledger")
    assert all(rows[kind][1] == "0" for kind in kinds), ended.out
    assert rows["order"][0] == "40"


@pytest.mark.parametrize("where", [("--http", "http://127.0.0.1:1"), ("--port", "1")])
def test_a_shop_that_does_not_answer_is_unreachable(shop: Console, where: tuple[str, str]) -> None:
    ended = shop("demo", *where)

    assert ended.code == 4
    assert ended.err.startswith("error  no shop answers at http://127.0.0.1:1")


def test_the_messages_of_another_shop_are_not_looked_for_in_the_configured_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("AMPHIBUS_DATA_DIR", str(tmp_path))
    note_address(tmp_path, "http://127.0.0.1:8001")

    assert folder_of(None, "http://localhost:8001") == tmp_path
    assert folder_of(None, "http://localhost:8002") is None


def test_the_options_are_those_of_the_project(shop: Console) -> None:
    ended = shop("demo", "--help")

    assert ended.code == 0
    assert all(option in ended.out for option in ("--outage", "--month", "--seed", "--orders"))


def test_a_project_without_a_demo_says_how_to_make_one(console: Console) -> None:
    ended = console("demo")

    assert ended.code == 2
    assert ended.err.splitlines()[0] == "error  this project has no demo"
    assert 'demo = "demo.story"' in ended.err


def test_a_demo_that_cannot_be_imported_is_named(console: Console) -> None:
    ended = console("demo", AMPHIBUS_DEMO="nowhere.story")

    assert (ended.code, ended.err.splitlines()[0]) == (
        2,
        "error  the demo nowhere.story cannot be imported",
    )


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000))
def test_the_same_seed_makes_the_same_month(seed: int) -> None:
    assert make_month(seed, 30) == make_month(seed, 30)


def test_a_month_has_everything_that_a_real_one_has() -> None:
    month = make_month(1, 1_700)
    lines = [line for order in month.orders for line in order["lines"]]
    fates = Counter(fate.status for fate in foretell(month).orders.values())

    assert min(fates["confirmed"], fates["rejected"], fates["invalid"]) > 30
    assert any(order["customer"]["customer_id"] is None for order in month.orders)
    assert any(len({x["sku"] for x in o["lines"]}) < len(o["lines"]) for o in month.orders)
    assert any(len(line["unit_price"].partition(".")[2]) == 4 for line in lines)
    assert any(line["unit_price"] == "0.00" for line in lines)
    assert any(line["quantity"] < 0 for line in lines)
    assert max(len(order["lines"]) for order in month.orders) > 100
    assert month.twice
    assert len(month.returns) > 50


@given(
    quantity=st.integers(1, 1_000),
    price=st.decimals("0", "9999", places=4).map(lambda price: f"{price:f}"),
)
def test_totals_are_rounded_half_even(quantity: int, price: str) -> None:
    """The oracle counts in whole ten-thousandths; here is the same sum in decimals."""
    expected = (quantity * Decimal(price)).quantize(Decimal("0.01"), ROUND_HALF_EVEN)

    assert foretold(quantity=quantity, price=price).total == int(expected * 100)


def test_reasons_add_up() -> None:
    assert foretold(sku="nowhere", token=DECLINED).reasons == ["out_of_stock", "payment_declined"]


def test_what_costs_nothing_needs_no_payment() -> None:
    fate = foretold(price="0.00", token=DECLINED)

    assert (fate.status, fate.payment, fate.captured) == ("confirmed", "not_required", 0)


@pytest.mark.parametrize(("quantity", "price"), [(0, "1.00"), (-3, "1.00"), (1, "-1.00")])
def test_what_no_shop_accepts_is_invalid(quantity: int, price: str) -> None:
    fate = foretold(quantity=quantity, price=price)

    assert fate.status == "invalid"


def test_what_is_left_is_what_came_less_what_was_sold_plus_what_came_back() -> None:
    returned: dict[str, Any] = {
        "return_id": "r-1",
        "order_id": "o-1",
        "lines": [{"sku": "cup", "quantity": 2}],
    }
    month = month_of(quantity=5, price="1.10", returns=(returned,))

    prophecy = foretell(month)

    assert prophecy.stock == {"cup": 100 - 5 + 2}
    fate = prophecy.orders["o-1"]
    assert (fate.refunded, fate.payment) == (220, "partially_refunded")
    assert fate.mails == ["order_confirmed", "order_refunded"]


def test_a_difference_is_told_with_both_sides() -> None:
    result = Comparison("order")
    result.take("o-1", "confirmed", "confirmed")
    result.take("o-2", "confirmed", "pending")

    assert result.compared == 2
    assert list(result.shown()) == ["order o-2: expected confirmed, found pending"]


def foretold(
    *, quantity: int = 1, price: str = "1.00", sku: str = "cup", token: str = "tok_visa"
) -> Fate:
    return foretell(month_of(quantity=quantity, price=price, sku=sku, token=token)).orders["o-1"]


def month_of(
    *,
    quantity: int,
    price: str,
    sku: str = "cup",
    token: str = "tok_visa",
    returns: tuple[dict[str, Any], ...] = (),
) -> Month:
    order = {
        "order_id": "o-1",
        "placed_at": "2026-03-01T08:00:00Z",
        "payment_token": token,
        "lines": [{"sku": sku, "quantity": quantity, "unit_price": price}],
    }
    return Month(
        seed=0,
        first_day="2026-03-01",
        last_day="2026-03-01",
        receipts=({"lines": [{"sku": "cup", "quantity": 100}]},),
        orders=(order,),
        twice=frozenset(),
        returns=returns,
    )
