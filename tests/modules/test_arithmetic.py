"""Totals and refunds are exact, whatever the prices and however often a SKU is repeated."""

from collections import Counter
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from modules.orders.models import Line, Order, total_of, value_of

prices = st.decimals(min_value=0, max_value=1000, places=4).map(str)
skus = st.sampled_from(["A", "B", "C"])
lines = st.lists(
    st.tuples(skus, st.none(), st.integers(min_value=1, max_value=50), prices),
    min_size=1,
    max_size=8,
)


def order_of(bought: list[Line], returned: Counter[str]) -> Order:
    fields: dict[str, Any] = {"lines": bought, "returned": dict(returned)}
    return Order(**fields)


@given(lines)
def test_a_total_is_the_exact_sum_rounded_once_to_the_even_cent(bought: list[Line]) -> None:
    exact = sum((Fraction(price) * quantity for _, _, quantity, price in bought), Fraction(0))
    cents = round(exact * 100)  # Python rounds halves of a fraction to the even number

    assert total_of(bought) == Decimal(cents).scaleb(-2)


def test_half_a_cent_goes_to_the_even_cent() -> None:
    assert total_of([("A", None, 1, "0.125")]) == Decimal("0.12")
    assert total_of([("A", None, 1, "0.135")]) == Decimal("0.14")
    assert total_of([("A", None, 2, "0.0025"), ("B", None, 1, "0.12")]) == Decimal("0.12")


@given(lines, st.integers(min_value=0, max_value=10**6))
def test_returning_everything_in_any_portions_refunds_exactly_the_total(
    bought: list[Line], seed: int
) -> None:
    """Whoever returns a parcel in three trips gets what one trip would bring."""
    random = Random(seed)
    left, returned, refunds = order_of(bought, Counter()).bought, Counter[str](), []
    while +left:
        portion = Counter({sku: random.randint(0, count) for sku, count in left.items()})
        refunds.append(order_of(bought, returned).refund_for(portion))
        returned += portion
        left -= portion

    assert sum(refunds, Decimal(0)) == total_of(bought)
    assert all(refund >= 0 for refund in refunds)


@given(lines, st.integers(min_value=0, max_value=50))
def test_a_sku_with_several_prices_comes_back_in_the_order_of_its_lines(
    bought: list[Line], count: int
) -> None:
    """The rule must be one that the customer can follow on the invoice."""
    pieces = [
        Decimal(price) for sku, _, quantity, price in bought for _ in range(quantity) if sku == "A"
    ]
    count = min(count, len(pieces))

    assert value_of(bought, {"A": count}) == sum(pieces[:count], Decimal(0))


@given(lines)
def test_a_refund_of_one_return_is_its_value_to_the_cent(bought: list[Line]) -> None:
    sku, _, quantity, price = bought[0]
    due = (quantity * Decimal(price)).quantize(Decimal("0.01"), ROUND_HALF_EVEN)

    assert order_of(bought, Counter()).refund_for({sku: quantity}) == due
