"""The orders module's tables, and the arithmetic of totals and refunds."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Index
from sqlmodel import Field, SQLModel

from amphibus.columns import Cents, module_registry
from contracts.orders import v1 as orders

Line = tuple[str, str | None, int, str]
"""SKU, description, quantity, unit price: a line as it is kept."""

PENDING: Final = (
    "awaiting_stock_and_payment",
    "awaiting_payment",
    "awaiting_stock",
    "out_of_stock_awaiting_payment",
    "declined_awaiting_stock",
)
"""The states of the fulfilment in which an order is still undecided."""
DECIDED: Final[Mapping[str, orders.OrderStatus]] = {
    "confirmed": "confirmed",
    "rejected": "rejected",
    "cancelled": "cancelled",
}
"""The states of the fulfilment that are final."""
TOO_MUCH: Final = Decimal(10) ** 12
"""What an order must come to less than."""
_CENT: Final = Decimal("0.01")


class Base(SQLModel, registry=module_registry()):
    """All tables of this module."""


class Order(Base, table=True):
    """An order and its progress. Its lines are one column, since no query asks for a line."""

    __tablename__ = "customer_order"
    __table_args__ = (
        CheckConstraint("total >= 0", name="total_not_negative"),
        CheckConstraint("refunded >= 0 AND refunded <= total", name="refunded_within_total"),
        Index("ix_customer_order_placed_at", "placed_at", "order_id"),
        Index("ix_customer_order_state", "state", "placed_at", "order_id"),
        Index("ix_customer_order_customer_id", "customer_id", "placed_at", "order_id"),
    )

    order_id: UUID = Field(primary_key=True)
    state: str = Field(max_length=40)
    reasons: list[str] = Field(sa_type=JSON)
    customer_id: str | None = Field(max_length=100)
    email: str = Field(max_length=254)
    country: str | None = Field(max_length=100)
    currency: str = Field(max_length=3)
    total: Decimal = Field(sa_type=Cents)
    refunded: Decimal = Field(sa_type=Cents)
    reference: str | None = Field(max_length=100)
    placed_at: datetime
    lines: list[Line] = Field(sa_type=JSON)
    returned: dict[str, int] = Field(sa_type=JSON)
    """The number of pieces of each SKU that came back so far."""
    hash_code: str = Field(max_length=64)
    """SHA-256 of the order: the same order placed again changes nothing."""

    @property
    def status(self) -> orders.OrderStatus:
        """The public form of the state: `pending` until the order is decided."""
        return DECIDED.get(self.state, "pending")

    @property
    def customer(self) -> orders.CustomerOnRecord:
        """The customer who placed the order."""
        return orders.CustomerOnRecord(
            customer_id=self.customer_id, email=self.email, country=self.country
        )

    @property
    def facts(self) -> dict[str, Any]:
        """The facts that every event about the order carries."""
        return {
            "order_id": self.order_id,
            "customer": self.customer,
            "total": self.total,
            "currency": self.currency,
            "reference": self.reference,
            "placed_at": self.placed_at,
        }

    @property
    def bought(self) -> Counter[str]:
        """The number of pieces of each SKU that were bought, over all lines."""
        bought: Counter[str] = Counter()
        for sku, _, quantity, _ in self.lines:
            bought[sku] += quantity
        return bought

    def refund_for(self, items: Mapping[str, int]) -> Decimal:
        """Returns the refund for items that come back now, after those that came back before.

        It is the growth of the rounded value of all that came back, so that no split into
        several returns gives back a cent more or less than one return of the same items.
        """
        after = Counter(self.returned)
        after.update(items)
        return rounded(value_of(self.lines, after)) - rounded(value_of(self.lines, self.returned))


class Return(Base, table=True):
    """Items of an order that came back."""

    __tablename__ = "order_return"
    __table_args__ = (CheckConstraint("amount >= 0", name="amount_not_negative"),)

    return_id: UUID = Field(primary_key=True)
    order_id: UUID = Field(index=True)
    amount: Decimal = Field(sa_type=Cents)
    hash_code: str = Field(max_length=64)
    """SHA-256 of the return: the same return sent again changes nothing."""


class ListedPrice(Base, table=True):
    """The price of a piece of a SKU in a currency, as the catalogue last said."""

    __tablename__ = "listed_price"

    sku: str = Field(primary_key=True, max_length=40)
    currency: str = Field(primary_key=True, max_length=3)
    unit_price: str = Field(max_length=14)
    """An exact decimal, with the digits that it was written with."""
    set_at: datetime
    """The catalogue's time of this price: an earlier one does not replace it."""


def rounded(amount: Decimal) -> Decimal:
    """Rounds an exact amount to the cent, halves to the even cent."""
    return amount.quantize(_CENT, ROUND_HALF_EVEN)


def total_of(lines: Iterable[Line]) -> Decimal:
    """Returns the price of an order: the exact sum of its lines, rounded once."""
    return rounded(
        sum((quantity * Decimal(price) for _, _, quantity, price in lines), start=Decimal(0))
    )


def value_of(lines: Iterable[Line], items: Mapping[str, int]) -> Decimal:
    """Returns the exact amount that was paid for these items.

    A SKU that stands on several lines comes back in the order of the lines.
    """
    left = dict(items)
    value = Decimal(0)
    for sku, _, quantity, price in lines:
        taken = min(left.get(sku, 0), quantity)
        if taken:
            left[sku] -= taken
            value += taken * Decimal(price)
    return value


def hash_of(message: orders.PlaceOrder | orders.ReturnItems) -> str:
    """Returns the SHA-256 of a message's request; leaves out fields without a value.

    So a field that a later version adds does not make an old message another one.
    """
    return sha256(message.model_dump_json(exclude_defaults=True).encode()).hexdigest()
