"""A made-up month of orders in the shape of a real wholesaler's: the same seed makes the same month.

The shape is that of the UCI data set "Online Retail": a few lines an order and now and then hundreds,
SKUs of all kinds, the same SKU twice, prices below a penny, gifts, guests, mistyped quantities.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from demo.shop import APPROVED, DECLINED

Json = dict[str, Any]

_ODD: Final = (
    "POST",
    "DOT",
    "C2",
    "gift_0001_20",
    "SP 1/2",
    "50% OFF",
    "a?b#c",
    "Große-9",
    "x+y&z",
)
_WORDS: Final = (
    "LANTERN",
    "BUNTING",
    "CAKESTAND",
    "MUG",
    "T-LIGHT",
    "DOLL",
    "CLOCK",
    "TIN",
    "CARD",
)
_COLOURS: Final = ("WHITE", "RED", "RETROSPOT", "PINK", "VINTAGE", "IVORY", "CREAM")
_COUNTRIES: Final = ("United Kingdom",) * 93 + ("Germany", "Germany", "France", "EIRE", "Portugal")
_RECEIPT_LINES: Final = 500


@dataclass(frozen=True, slots=True)
class Article:
    """An article for sale. `stocked` ones are there for everybody, the others for nobody."""

    sku: str
    description: str
    price: str
    stocked: bool


@dataclass(frozen=True, slots=True)
class Month:
    """The messages of a month: stock first, then orders, and returns once the orders are decided."""

    seed: int
    first_day: str
    last_day: str
    receipts: tuple[Json, ...]
    orders: tuple[Json, ...]
    twice: frozenset[str]
    """Orders that an impatient customer sends twice."""
    returns: tuple[Json, ...]


def make_month(seed: int, orders: int) -> Month:
    """Makes the month of a seed."""
    dice = Random(seed)
    articles = [_article(dice, number) for number in range(max(40, orders * 3 // 2))]
    first = datetime(2020 + seed % 6, 1 + seed % 12, 1, tzinfo=UTC)
    made = [_order(dice, articles, first, number) for number in range(orders)]
    made.sort(key=lambda order: order["placed_at"])
    return Month(
        seed=seed,
        first_day=first.date().isoformat(),
        last_day=(first + timedelta(days=27)).date().isoformat(),
        receipts=tuple(_receipts(dice, articles, made)),
        orders=tuple(made),
        twice=frozenset(order["order_id"] for order in made if dice.random() < 0.02),
        returns=tuple(_returns(dice, articles, made)),
    )


def _article(dice: Random, number: int) -> Article:
    if number < len(_ODD):
        sku = _ODD[number]
    else:
        sku = f"{10_000 + number * 7}{dice.choice(('', '', '', 'A', 'B', 'bl', 'BL'))}"
    roll = dice.random()
    if roll < 0.01:
        price = f"0.{dice.randint(1, 9999):04d}"
    elif roll < 0.03:
        price = f"{dice.randint(0, 3)}.{dice.randint(1, 999):03d}"
    elif roll < 0.035:
        price = "0"
    else:
        price = f"{min(2_000.0, math.exp(dice.gauss(0.95, 0.9))):.2f}"
    return Article(
        sku=sku,
        description=f"{dice.choice(_COLOURS)} {dice.choice(_WORDS)} {number}",
        price=price,
        stocked=number < 60 or dice.random() > 0.01,
    )


def _order(dice: Random, articles: list[Article], first: datetime, number: int) -> Json:
    count = min(600, max(1, round(math.exp(dice.gauss(2.2, 1.2)))))
    gift = dice.random() < 0.08
    lines = [_line(dice, articles) for _ in range(1 if gift else count)]
    if gift:
        lines[0]["unit_price"] = "0.00"
    if len(lines) > 2 and dice.random() < 0.14:
        lines.append(dict(dice.choice(lines)))
    if dice.random() < 0.04:
        _spoil(dice, dice.choice(lines))
    placed = first + timedelta(days=dice.randrange(28), seconds=dice.randint(8 * 3600, 20 * 3600))
    customer = f"{12_000 + int(900 * dice.random() ** 1.5)}"
    return {
        "order_id": str(UUID(int=dice.getrandbits(128), version=4)),
        "customer": {
            "customer_id": None if dice.random() < 0.18 else customer,
            "email": f"{customer}@customers.example",
            "country": dice.choice(_COUNTRIES),
        },
        "currency": "GBP",
        "lines": lines,
        "payment_token": DECLINED if dice.random() < 0.025 else APPROVED,
        "reference": str(500_000 + number),
        "placed_at": placed.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _line(dice: Random, articles: list[Article]) -> Json:
    # Squared, so that some articles are in every other order and most are rare.
    article = articles[int(len(articles) * dice.random() ** 2)]
    quantity = min(3_000, max(1, round(math.exp(dice.gauss(0.9, 1.2)))))
    return {
        "sku": article.sku,
        "description": article.description,
        "quantity": quantity,
        "unit_price": article.price,
    }


def _spoil(dice: Random, line: Json) -> None:
    """Adds an error that a till lets through: a correction booked as a negative line."""
    if dice.random() < 0.8:
        line["quantity"] = -line["quantity"] if dice.random() < 0.9 else 0
    else:
        line["unit_price"] = f"-{dice.randint(1, 99)}.{dice.randint(0, 99):02d}"


def _receipts(dice: Random, articles: list[Article], orders: list[Json]) -> list[Json]:
    """Returns enough of each stocked article for all orders together, so that their order does not matter."""
    wanted: dict[str, int] = {}
    for order in orders:
        for line in order["lines"]:
            wanted[line["sku"]] = wanted.get(line["sku"], 0) + max(0, line["quantity"])
    lines = [
        {"sku": each.sku, "quantity": wanted[each.sku] + dice.choice((0, 0, 1, 24, 500))}
        for each in articles
        if each.stocked and wanted.get(each.sku)
    ]
    return [
        {
            "receipt_id": str(UUID(int=dice.getrandbits(128), version=4)),
            "lines": lines[start : start + _RECEIPT_LINES],
        }
        for start in range(0, len(lines), _RECEIPT_LINES)
    ]


def _returns(dice: Random, articles: list[Article], orders: list[Json]) -> list[Json]:
    """Returns items of some orders; whether an order was confirmed is not known here."""
    stocked = {each.sku for each in articles if each.stocked}
    found: list[Json] = []
    for order in orders:
        lines = order["lines"]
        good = all(
            line["quantity"] > 0 and line["unit_price"][0] != "-" and line["sku"] in stocked
            for line in lines
        )
        if good and order["payment_token"] == APPROVED and dice.random() < 0.08:
            chosen = {line["sku"]: line for line in dice.sample(lines, min(len(lines), 3))}
            found.append(
                {
                    "return_id": str(UUID(int=dice.getrandbits(128), version=4)),
                    "order_id": order["order_id"],
                    "lines": [
                        {"sku": sku, "quantity": dice.randint(1, line["quantity"])}
                        for sku, line in chosen.items()
                    ],
                    "reason": "changed their mind",
                }
            )
    return found
