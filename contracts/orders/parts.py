"""What an order consists of: the values of the messages about it."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from amphibus.contract import (
    Closed,
    DecimalString,
    EmailAddress,
    LongText,
    Personal,
    ShortText,
    Sku,
    Value,
)

UnitPrice = Annotated[Decimal, DecimalString(decimal_places=4, max_digits=13)]
"""What one piece costs: not negative, up to 4 decimals."""
Quantity = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
"""A number of pieces."""
TextOnRecord = Annotated[str, StringConstraints(max_length=100)]
"""A text of an order that was placed, maybe under an older rule than `ShortText`."""
PaymentToken = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$"),
    Personal("payment", purpose="to charge the card for the order"),
]
"""What the payment provider gave the customer's browser for the card."""
OrderStatus = Annotated[
    Literal["pending", "confirmed", "rejected", "cancelled"],
    Closed("whoever reads an order must know whether it is decided"),
]
Reason = Annotated[
    Literal["cancelled", "out_of_stock", "payment_declined", "payment_timeout"],
    Closed("customers are told each reason in words of its own"),
]
Reasons = Annotated[tuple[Reason, ...], Field(max_length=10)]
IDENTITY = Personal("identity", purpose="to know whose order it is")
_CONTACT = Personal("contact", purpose="to write to the customer about the order")
_LOCATION = Personal("location", purpose="to know where the order goes to")


class CustomerOnRecord(Value):
    """Who bought: a known customer, or a guest without `customer_id`."""

    customer_id: Annotated[TextOnRecord | None, IDENTITY] = None
    email: Annotated[str, StringConstraints(max_length=254), _CONTACT]
    country: Annotated[TextOnRecord | None, _LOCATION] = None


class Customer(CustomerOnRecord):
    """Who buys: a known customer, or a guest without `customer_id`."""

    customer_id: Annotated[ShortText | None, IDENTITY] = None
    email: Annotated[EmailAddress, _CONTACT]
    country: Annotated[ShortText | None, _LOCATION] = None


class LineOnRecord(Value):
    """One line of an order that was placed; a SKU may stand on several lines."""

    sku: Sku
    description: Annotated[str, StringConstraints(max_length=500)] | None = None
    quantity: Quantity
    unit_price: UnitPrice


class OrderLine(LineOnRecord):
    """One line of an order as it is placed; a SKU may stand on several lines."""

    description: LongText | None = None


class ItemQuantity(Value):
    """So many pieces of a SKU."""

    sku: Sku
    quantity: Quantity
