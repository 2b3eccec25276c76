"""Customers who place orders for as long as the storm lasts, and what must become of each order."""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from random import Random
from typing import Any, Final
from uuid import UUID

from tests.faults.month import Fate, Line, Month, cents, month_of
from tests.faults.shop import Shop

_CUSTOMERS: Final = 3
_PAUSE_SECONDS: Final = 0.6
_ARTICLES: Final = 40
_PIECES: Final = 1_000_000
_SCARCE: Final = "LAST-PIECES"
_NEVER: Final = "NEVER-RECEIVED"
_ACCEPTED: Final = 202
_KINDS: Final = ("paid",) * 5 + ("scarce",) * 3 + ("declined", "gift", "sold out")
_LATER_SECONDS: Final = 180.0


class Customers:
    """They place orders over HTTP, each with a key of its own, and ask until they have an answer."""

    def __init__(self, shop: Shop, seed: int, *, scarce: int) -> None:
        self._shop = shop
        self._dice = Random(seed)
        self._scarce = scarce
        self._drawing = threading.Lock()
        self._closed = threading.Event()
        self._threads: list[threading.Thread] = []
        self.fates: dict[str, Fate] = {}
        """What must become of each order that somebody meant to place."""
        self.intents: dict[str, Line] = {}
        self.outcomes: dict[str, int] = {}
        """The status of every answer that was final."""
        self.receipts = tuple(_receipts(scarce))

    def stock(self) -> None:
        """Fills the shelves."""
        for line in self.receipts:
            assert self._shop.visitor.post("/v1/stock/receipts", line.data, line.id).status == 202
        self._shop.until_settled()

    def begin(self) -> None:
        """Opens the doors."""
        for _ in range(_CUSTOMERS):
            thread = threading.Thread(target=self._buy, daemon=True)
            thread.start()
            self._threads.append(thread)

    def end(self) -> None:
        """Closes them; returns when everybody has had an answer."""
        self._closed.set()
        for thread in self._threads:
            thread.join(_LATER_SECONDS)
        unanswered = self.intents.keys() - self.outcomes.keys()
        if unanswered:
            self._shop.fail(f"no answer for {sorted(unanswered)}")

    def order(self) -> str:
        """Places one order that can be paid and shipped; its id."""
        line, fate = self._next("paid")
        self._place(line, fate)
        return line.id

    def month(self) -> Month:
        """What was sent, and its end. Whoever was first has the last pieces."""
        fates = dict(self.fates)
        had = 0
        for order_id, fate in fates.items():
            if self.intents[order_id].data["lines"][0]["sku"] != _SCARCE:
                continue
            status = self._shop.visitor.get(f"/v1/orders/{order_id}").body["status"]
            had += status == "confirmed"
            if status != "confirmed":
                fates[order_id] = _sold_out(fate)
        wanted = sum(each.data["lines"][0]["sku"] == _SCARCE for each in self.intents.values())
        if had != min(wanted, self._scarce):
            self._shop.fail(f"of {self._scarce} last pieces {had} were sold to {wanted} customers")
        return month_of(self.receipts, tuple(self.intents.values()), (), fates)

    def _buy(self) -> None:
        while not self._closed.wait(_PAUSE_SECONDS):
            with self._drawing:
                kind = self._dice.choice(_KINDS)
            self._place(*self._next(kind))

    def _place(self, line: Line, fate: Fate) -> None:
        self.fates[line.id] = fate
        self.intents[line.id] = line
        while line.id not in self.outcomes:
            try:
                answer = self._shop.visitor.post("/v1/orders", line.data, line.id)
            except TimeoutError:
                continue  # whoever has no answer asks again: the key makes that safe
            self.outcomes[line.id] = answer.status
            assert answer.status == _ACCEPTED, f"{line}: {answer}"

    def _next(self, kind: str) -> tuple[Line, Fate]:
        with self._drawing:
            return _order(self._dice, kind)


def _order(dice: Random, kind: str) -> tuple[Line, Fate]:
    order_id = str(UUID(int=dice.getrandbits(128), version=4))
    day = f"2024-05-{dice.randint(1, 28):02}"
    items = [_item(sku, dice, gift=kind == "gift") for sku in _skus(dice, kind)]
    total = sum(cents(item["unit_price"]) * item["quantity"] for item in items)
    token = "tok_chargeDeclined" if kind == "declined" else "tok_visa"
    data = {
        "order_id": order_id,
        "customer": {"email": f"c{dice.randrange(1000)}@example.com"},
        "currency": "GBP",
        "lines": items,
        "payment_token": token,
        "placed_at": f"{day}T12:00:00Z",
    }
    paid = Fate("confirmed", frozenset(), total, day, "captured", total, total)
    return Line("orders.PlaceOrder.v1", order_id, data), _fate(kind, paid)


def _fate(kind: str, paid: Fate) -> Fate:
    if kind == "gift":
        return replace(paid, payment="not_required")
    if kind == "declined":
        reasons = frozenset({"payment_declined"})
        return replace(
            paid, status="rejected", reasons=reasons, payment="declined", authorized=0, captured=0
        )
    return _sold_out(paid) if kind == "sold out" else paid


def _sold_out(paid: Fate) -> Fate:
    return replace(
        paid,
        status="rejected",
        reasons=frozenset({"out_of_stock"}),
        payment="voided",
        captured=0,
    )


def _skus(dice: Random, kind: str) -> Iterable[str]:
    if kind in ("scarce", "sold out"):
        return [_SCARCE if kind == "scarce" else _NEVER]
    return dice.sample([f"A{number}" for number in range(_ARTICLES)], dice.randint(1, 3))


def _item(sku: str, dice: Random, *, gift: bool) -> dict[str, Any]:
    pieces = 1 if sku == _SCARCE else dice.randint(1, 5)
    price = "0" if gift else f"{dice.randint(1, 5000) / 100:.2f}"
    return {"sku": sku, "quantity": pieces, "unit_price": price}


def _receipts(scarce: int) -> Iterator[Line]:
    pieces = {f"A{number}": _PIECES for number in range(_ARTICLES)} | {_SCARCE: scarce}
    receipt_id = str(UUID(int=scarce, version=4))
    lines = [{"sku": sku, "quantity": count} for sku, count in pieces.items()]
    yield Line("inventory.ReceiveStock.v1", receipt_id, {"receipt_id": receipt_id, "lines": lines})
