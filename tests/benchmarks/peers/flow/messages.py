"""What the hand-written services say to each other."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """Data inside a message."""

    model_config = ConfigDict(frozen=True)


class Message(Part):
    """Anything that is published; the id is what the inbox knows it by."""

    message_id: UUID = Field(default_factory=uuid4)
    order_id: UUID


class Customer(Part):
    customer_id: str | None = Field(default=None, max_length=100)
    email: str = Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")
    country: str | None = Field(default=None, max_length=100)


class Line(Part):
    sku: str = Field(min_length=1, max_length=40)
    description: str | None = None
    quantity: int = Field(ge=1, le=1_000_000)
    unit_price: Decimal = Field(ge=0, decimal_places=4)


class Item(Part):
    sku: str
    quantity: int


class PlaceOrder(Message):
    customer: Customer
    currency: str = Field(min_length=3, max_length=3)
    lines: tuple[Line, ...] = Field(min_length=1, max_length=2000)
    payment_token: str
    reference: str | None = None
    placed_at: datetime


class OrderPlaced(Message):
    total: Decimal
    currency: str
    placed_at: datetime


class ReserveStock(Message):
    lines: tuple[Item, ...]


class AuthorizePayment(Message):
    amount: Decimal
    currency: str
    payment_token: str


class StockReserved(Message):
    pass


class PaymentAuthorized(Message):
    amount: Decimal
    currency: str


class ShipStock(Message):
    pass


class CapturePayment(Message):
    pass


class OrderConfirmed(Message):
    customer: Customer
    total: Decimal
    currency: str
    reference: str | None
    placed_at: datetime


class ReceiveStock(Part):
    lines: tuple[Item, ...]


class Accepted(Part):
    order_id: UUID
    status: str = "pending"
