"""The two-module business's messages for those who have no contracts: the same fields, in plain Pydantic."""

from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, Field


class Item(BaseModel):
    sku: str
    quantity: int = Field(ge=1)
    unit_price: Decimal


class Work(BaseModel):
    order_id: UUID
    customer_id: str
    email: str
    currency: str
    lines: tuple[Item, ...]
    padding: str = ""


class Done(BaseModel):
    order_id: UUID
    customer_id: str
    total: Decimal
    currency: str


def done(message: Work) -> Done:
    """What follows from an order."""
    total = sum((line.quantity * line.unit_price for line in message.lines), Decimal(0))
    return Done(
        order_id=message.order_id,
        customer_id=message.customer_id,
        total=total,
        currency=message.currency,
    )
