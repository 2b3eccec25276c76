"""What is sent, and what must come of it: worked out from the rows alone, apart from the shop."""

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
_FILES: Final = ("opening-stock.ndjson", "orders.ndjson", "returns.ndjson")


def folder() -> Path | None:
    """Where the month is, or None where it is not."""
    named = os.environ.get("AMPHIBUS_TEST_DATA")
    path = Path(named) if named else ROOT.parent / "shared" / "data" / "online-retail"
    return path if (path / "expected.json").is_file() else None


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a producer's file."""

    type: str
    id: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fate:
    """What must have become of an order; amounts are cents."""

    status: str
    reasons: frozenset[str]
    """What holds of a rejected order; any of these may be the one that is told."""
    total: int
    day: str
    payment: str
    authorized: int = 0
    captured: int = 0
    refunds: tuple[int, ...] = ()
    """One for each return, smallest first."""

    @property
    def mails(self) -> list[str]:
        """The kinds of all mails to the customer, in the order of their names."""
        if self.status == "invalid":
            return []
        return [f"order_{self.status}"] + ["order_refunded"] * len(self.refunds)


@dataclass(frozen=True, slots=True)
class Month:
    """Messages in the order in which they are sent, and their end."""

    receipts: tuple[Line, ...]
    orders: tuple[Line, ...]
    returns: tuple[Line, ...]
    fates: Mapping[str, Fate]
    stock: Mapping[str, int]
    """What is left of every SKU that was ever received."""
    never_received: frozenset[str]

    def first(self, orders: int) -> "Month":
        """The first orders with what was sent back of them, and the stock of what they ask for."""
        chosen = self.orders[:orders]
        ids = {line.id for line in chosen}
        returns = tuple(line for line in self.returns if line.data["order_id"] in ids)
        skus = {item["sku"] for line in chosen for item in line.data["lines"]}
        receipts = tuple(_only(line, skus) for line in self.receipts)
        return month_of(tuple(filter(None, receipts)), chosen, returns, self.fates)

    def timed_out(self) -> "Month":
        """The same where no payment is answered in time and nothing is sent back."""
        fates = {order_id: _late(fate) for order_id, fate in self.fates.items()}
        return month_of(self.receipts, self.orders, (), fates)

    @property
    def days(self) -> dict[str, tuple[int, int, int, int, int]]:
        """Orders, confirmed, rejected, revenue and refunds of every day on which one was placed."""
        days: dict[str, Counter[str]] = {}
        for fate in self.fates.values():
            if fate.status != "invalid":
                day = days.setdefault(fate.day, Counter())
                day.update(("orders", fate.status))
                day.update({"revenue": fate.captured, "refunds": sum(fate.refunds)})
        names = ("orders", "confirmed", "rejected", "revenue", "refunds")
        return {day: tuple(sums[name] for name in names) for day, sums in days.items()}  # type: ignore[misc]


def whole_month(path: Path) -> Month:
    """The month of a folder."""
    receipts, orders, returns = (tuple(_lines(path / name)) for name in _FILES)
    expected = json.loads((path / "expected.json").read_text())["orders"]
    refunds = _refunds(orders, returns)
    fates = {
        line.id: _fate(line, expected[line.id], tuple(sorted(refunds.get(line.id, ()))))
        for line in orders
    }
    return month_of(receipts, orders, returns, fates)


def _lines(file: Path) -> Iterator[Line]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            yield Line(**json.loads(line))


def month_of(
    receipts: tuple[Line, ...],
    orders: tuple[Line, ...],
    returns: tuple[Line, ...],
    fates: Mapping[str, Fate],
) -> Month:
    """Adds up what is left; a fate keeps its refunds only if its returns are sent."""
    sent_back = Counter(line.data["order_id"] for line in returns)
    fates = {
        line.id: fates[line.id] if sent_back[line.id] else _kept(fates[line.id]) for line in orders
    }
    stock = _pieces(receipts)
    received = frozenset(stock)
    stock.subtract(_pieces(line for line in orders if fates[line.id].status == "confirmed"))
    stock.update(_pieces(returns))
    asked_for = frozenset(item["sku"] for line in orders for item in line.data["lines"])
    return Month(receipts, orders, returns, fates, stock, asked_for - received)


def _only(receipt: Line, skus: set[str]) -> Line | None:
    """A receipt of these SKUs alone, if any of them is in it."""
    items = [item for item in receipt.data["lines"] if item["sku"] in skus]
    return replace(receipt, data={**receipt.data, "lines": items}) if items else None


def _pieces(lines: Iterable[Line]) -> Counter[str]:
    pieces: Counter[str] = Counter()
    for line in lines:
        for item in line.data["lines"]:
            pieces[item["sku"]] += item["quantity"]
    return pieces


def _refunds(orders: Iterable[Line], returns: Iterable[Line]) -> dict[str, list[int]]:
    """No SKU that came back stands in its order at two prices, so a return is worth what it says."""
    by_id = {line.id: line for line in orders}
    refunds: dict[str, list[int]] = {}
    for line in returns:
        order_id = line.data["order_id"]
        prices = {
            item["sku"]: Decimal(item["unit_price"]) for item in by_id[order_id].data["lines"]
        }
        worth = sum(
            (each["quantity"] * prices[each["sku"]] for each in line.data["lines"]), Decimal(0)
        )
        cent = worth.quantize(Decimal("0.01"), ROUND_HALF_EVEN)
        refunds.setdefault(order_id, []).append(cents(str(cent)))
    return refunds


def _fate(line: Line, expected: Mapping[str, Any], refunds: tuple[int, ...]) -> Fate:
    status, total = expected["outcome"], cents(expected.get("total") or "0.00")
    reasons = frozenset(expected.get("reasons", ()))
    fate = Fate(status, reasons, total, line.data["placed_at"][:10], "not_required")
    if not total or status == "invalid":
        return fate
    if "payment_declined" in reasons:
        return replace(fate, payment="declined")
    if status == "rejected":
        return replace(fate, payment="voided", authorized=total)
    left = total - sum(refunds)
    payment = "captured" if not refunds else "partially_refunded" if left else "refunded"
    return replace(fate, payment=payment, authorized=total, captured=total, refunds=refunds)


def _kept(fate: Fate) -> Fate:
    """Nothing came back."""
    return replace(fate, refunds=(), payment="captured") if fate.refunds else fate


def _late(fate: Fate) -> Fate:
    """The provider is asked, though too late: what it then holds is let go."""
    if not fate.total:
        return fate
    reasons = (fate.reasons - {"payment_declined"}) | {"payment_timeout"}
    payment = "voided" if fate.authorized else fate.payment
    return replace(
        fate, status="rejected", reasons=reasons, payment=payment, captured=0, refunds=()
    )


def cents(amount: str) -> int:
    """`2.55` as 255."""
    return int(Decimal(amount).scaleb(2))
