"""Foretells the outcome of a month of orders, from the messages alone.

It knows nothing of the shop's code and does its sums another way: whole numbers of a ten-thousandth.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from demo.month_data import Month
from demo.shop import DECLINED

_UNITS: Final = 10_000
_UNITS_OF_A_CENT: Final = 100


@dataclass(slots=True)
class Fate:
    """The outcome of one order; amounts in cents."""

    status: str
    """`confirmed`, `rejected` or `invalid`."""
    day: str
    reasons: list[str] = field(default_factory=list)
    total: int = 0
    refunded: int = 0
    returns: int = 0
    """The returns that are refunded."""

    @property
    def payment(self) -> str:
        """The end of its payment."""
        if self.total == 0:
            return "not_required"
        if "payment_declined" in self.reasons:
            return "declined"
        if self.status == "rejected":
            return "voided"
        if self.refunded == 0:
            return "captured"
        return "refunded" if self.refunded == self.total else "partially_refunded"

    @property
    def captured(self) -> int:
        """The amount collected."""
        return self.total if self.status == "confirmed" else 0

    @property
    def mails(self) -> list[str]:
        """The mails to the customer, sorted."""
        return sorted([f"order_{self.status}", *["order_refunded"] * self.returns])


@dataclass(frozen=True, slots=True)
class Prophecy:
    """The outcome of the whole month."""

    orders: Mapping[str, Fate]
    stock: Mapping[str, int]
    """The rest of every SKU that was ever received."""
    days: Mapping[str, Counter[str]]
    """The sums of each day: orders, confirmed, rejected; revenue and refunds in cents."""


def foretell(month: Month) -> Prophecy:
    """Works out the outcome of a month."""
    stock: Counter[str] = Counter()
    for receipt in month.receipts:
        for line in receipt["lines"]:
            stock[line["sku"]] += line["quantity"]
    received = set(stock)
    orders = {order["order_id"]: _fate(order, received) for order in month.orders}
    placed = {order["order_id"]: order for order in month.orders}
    for order_id, fate in orders.items():
        if fate.status == "confirmed":
            stock.subtract(_pieces(placed[order_id]["lines"]))
    for made in month.returns:
        fate = orders[made["order_id"]]
        if fate.status == "confirmed":
            _take_back(made, placed[made["order_id"]], fate)
            stock.update(_pieces(made["lines"]))
    return Prophecy(orders, dict(stock), _days(orders.values()))


def _fate(order: Mapping[str, Any], received: set[str]) -> Fate:
    day = order["placed_at"][:10]
    lines = order["lines"]
    if any(line["quantity"] < 1 or line["unit_price"].startswith("-") for line in lines):
        return Fate("invalid", day)
    total = _cents(sum(line["quantity"] * _units(line["unit_price"]) for line in lines))
    reasons: list[str] = []
    if any(line["sku"] not in received for line in lines):
        reasons.append("out_of_stock")
    if total > 0 and order["payment_token"] == DECLINED:
        reasons.append("payment_declined")
    return Fate("rejected" if reasons else "confirmed", day, reasons, total)


def _take_back(made: Mapping[str, Any], order: Mapping[str, Any], fate: Fate) -> None:
    """Takes one return an order, of articles that have one price in it: no rule about order is needed."""
    price = {line["sku"]: _units(line["unit_price"]) for line in order["lines"]}
    refund = _cents(sum(line["quantity"] * price[line["sku"]] for line in made["lines"]))
    fate.refunded += refund
    fate.returns += 1 if refund else 0


def _days(fates: Iterable[Fate]) -> dict[str, Counter[str]]:
    days: dict[str, Counter[str]] = {}
    for fate in fates:
        if fate.status != "invalid":
            day = days.setdefault(fate.day, Counter())
            day["orders"] += 1
            day[fate.status] += 1
            day["revenue"] += fate.captured
            day["refunds"] += fate.refunded
    return days


def _pieces(lines: Iterable[Mapping[str, Any]]) -> Counter[str]:
    pieces: Counter[str] = Counter()
    for line in lines:
        pieces[line["sku"]] += line["quantity"]
    return pieces


def _units(price: str) -> int:
    """Converts `2.55` to 25500."""
    whole, _, rest = price.partition(".")
    return int(whole) * _UNITS + int(rest.ljust(4, "0"))


def _cents(units: int) -> int:
    """Rounds to the cent; exactly half of one goes to the even cent."""
    cents, rest = divmod(units, _UNITS_OF_A_CENT)
    half = _UNITS_OF_A_CENT // 2
    return cents + 1 if rest > half or (rest == half and cents % 2 == 1) else cents
