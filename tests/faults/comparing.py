"""Compares everything that the shop says, and what lies in its books, with what must be."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from tests.faults.books import Hold
from tests.faults.month import Fate, Month, cents
from tests.faults.shop import Shop
from tests.faults.visitor import at_once, path_part

_SHOWN: Final = 20
_OK: Final = 200
_MISSING: Final = 404


class Comparison:
    """Lives as long as one comparison; collects what differs instead of stopping at the first."""

    def __init__(self, shop: Shop, month: Month) -> None:
        self._shop = shop
        self._month = month
        self._visitor = shop.visitor
        self.differences: list[str] = []

    def everything(self) -> None:
        """Asks for every order, payment, article, mail and day, and reads the books."""
        at_once(self._month.fates.items(), self._order)
        at_once(self._month.stock.items(), self._article)
        at_once(sorted(self._month.never_received), self._unknown_article)
        self._report()
        self._books()

    def _order(self, item: tuple[str, Fate]) -> None:
        order_id, fate = item
        self._order_view(order_id, fate)
        self._payment(order_id, fate)
        told = self._visitor.get("/v1/notifications", order_id=order_id).body["items"]
        self._take("mails told", order_id, fate.mails, sorted(each["kind"] for each in told))

    def _order_view(self, order_id: str, fate: Fate) -> None:
        answer = self._visitor.get(f"/v1/orders/{order_id}")
        if fate.status == "invalid":
            self._take("invalid order", order_id, _MISSING, answer.status)
            return
        found = answer.body
        amounts = (cents(found.get("total", "-1")), cents(found.get("refunded", "-1")))
        expected = (fate.status, (fate.total, sum(fate.refunds)))
        self._take("order", order_id, expected, (found.get("status"), amounts))
        reasons = set(found.get("reasons", ()))
        if not reasons <= fate.reasons or bool(reasons) != bool(fate.reasons):
            self._take("reasons", order_id, sorted(fate.reasons), sorted(reasons))

    def _payment(self, order_id: str, fate: Fate) -> None:
        answer = self._visitor.get(f"/v1/payments/{order_id}")
        if fate.status == "invalid":
            self._take("invalid payment", order_id, _MISSING, answer.status)
            return
        expected = (fate.payment, fate.authorized, fate.captured, sum(fate.refunds))
        self._take("payment", order_id, expected, _payment(answer.body))

    def _article(self, item: tuple[str, int]) -> None:
        sku, left = item
        found = self._visitor.get(f"/v1/stock/{path_part(sku)}").body
        state = (found.get("on_hand"), found.get("reserved"), found.get("available"))
        self._take("article", sku, (left, 0, left), state)

    def _unknown_article(self, sku: str) -> None:
        answer = self._visitor.get(f"/v1/stock/{path_part(sku)}")
        self._take("article never received", sku, _MISSING, answer.status)

    def _report(self) -> None:
        expected = self._month.days
        if not expected:
            return
        period = {"from": min(expected), "to": max(expected)}
        found = self._visitor.get("/v1/reports/sales", **period).body["days"]
        self._all("day", expected, {day["day"]: _sums(day) for day in found})

    def _books(self) -> None:
        books, fates = self._shop.books, self._month.fates
        self._take("unfinished", "anywhere", {}, books.unfinished())
        self._take("dead letters", "anywhere", [], books.dead())
        self._take("integrity", "of all files", [], books.broken())
        self._all("bookings", _each(fates, _bookings), books.transfers())
        balances = books.accounts()
        captured = sum(fate.captured for fate in fates.values())
        refunded = sum(sum(fate.refunds) for fate in fates.values())
        self._take("ledger", "sum", 0, sum(balances.values()))
        self._take("ledger", "sales", -captured, balances.get("sales", 0))
        self._take("ledger", "returns", refunded, balances.get("returns", 0))
        self._all("provider", _each(fates, _hold), books.holds())
        for what, times in (("capture", _captures), ("refund", _refunds)):
            self._all(f"{what}s asked", _each(fates, times), books.asked(what))
        self._all("mails sent", _each(fates, lambda fate: fate.mails), books.mails())

    def _all(self, what: str, expected: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        for name in sorted(expected.keys() | found.keys()):
            self._take(what, name, expected.get(name), found.get(name))

    def _take(self, what: str, name: str, expected: object, found: object) -> None:
        if expected != found:
            self.differences.append(f"{what} {name}: expected {expected}, found {found}")


def assert_ends_as_expected(shop: Shop, month: Month) -> None:
    """Everything is exactly as the month foretells."""
    comparison = Comparison(shop, month)
    comparison.everything()
    wrong = comparison.differences
    if wrong:
        kinds = Counter(line.split(" ")[0] for line in wrong)
        shown = "\n".join(wrong[:_SHOWN])
        shop.fail(f"{len(wrong)} differences {dict(kinds)}\n{shown}")


def _each(fates: Mapping[str, Fate], of: Any) -> dict[str, Any]:
    """What is expected of each order, where anything is."""
    found = {order_id: of(fate) for order_id, fate in fates.items()}
    return {order_id: expected for order_id, expected in found.items() if expected}


def _payment(body: Mapping[str, Any]) -> tuple[Any, ...]:
    amounts = (cents(body.get(name, "-1")) for name in ("authorized", "captured", "refunded"))
    return (body.get("status"), *amounts)


def _bookings(fate: Fate) -> dict[str, list[int]]:
    ways = {"provider>sales": [fate.captured] * bool(fate.captured)}
    ways["returns>provider"] = list(fate.refunds)
    return {way: amounts for way, amounts in ways.items() if amounts}


def _hold(fate: Fate) -> Hold | None:
    if not fate.authorized:
        return None
    state = "captured" if fate.captured else "voided"
    return Hold(state, fate.authorized, sum(fate.refunds))


def _captures(fate: Fate) -> int:
    return int(bool(fate.captured))


def _refunds(fate: Fate) -> int:
    return len(fate.refunds)


def _sums(day: Mapping[str, Any]) -> tuple[int, ...]:
    counts: Iterable[int] = (day["orders"], day["confirmed"], day["rejected"])
    return (*counts, cents(day["revenue"]), cents(day["refunds"]))
