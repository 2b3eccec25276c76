"""Orders: placed, decided, cancelled, returned.

A key field that is absent or null (`order_id` of `PlaceOrder`) is filled with a UUID derived from
the message's id, so that the same request repeated is the same order.
"""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from amphibus.contract import (
    CentCurrency,
    Closed,
    Command,
    Currency,
    DecimalString,
    EmailAddress,
    Event,
    Get,
    LongText,
    Moment,
    Money,
    Personal,
    Post,
    Query,
    ShortText,
    Sku,
    Value,
)

_TOO_MUCH = Decimal(10) ** 12

UnitPrice = Annotated[Decimal, DecimalString(decimal_places=4, max_digits=13)]
"""What one piece costs: not negative, up to 4 decimals."""
Quantity = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
"""A number of pieces."""
TextOnRecord = Annotated[str, StringConstraints(max_length=100)]
"""A text of an order that was placed, maybe under an older rule than `ShortText`."""
PaymentToken = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$"),
    Personal("payment", purpose="to charge the card for the order", once=True),
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
_IDENTITY = Personal("identity", purpose="to know whose order it is")
_CONTACT = Personal("contact", purpose="to write to the customer about the order")
_LOCATION = Personal("location", purpose="to know where the order goes to")


class CustomerOnRecord(Value):
    """The buyer: a known customer, or a guest without `customer_id`."""

    customer_id: Annotated[TextOnRecord | None, _IDENTITY] = None
    email: Annotated[str, StringConstraints(max_length=254), _CONTACT]
    country: Annotated[TextOnRecord | None, _LOCATION] = None


class Customer(CustomerOnRecord):
    """The buyer: a known customer, or a guest without `customer_id`."""

    customer_id: Annotated[ShortText | None, _IDENTITY] = None
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
    unit_price: UnitPrice | None = None  # type: ignore[assignment]  # the catalogue's, if left out
    """What the catalogue says, if it is left out. Another price needs the right `orders:price`."""


def _affordable(lines: tuple[OrderLine, ...]) -> tuple[OrderLine, ...]:
    if sum(line.quantity * (line.unit_price or 0) for line in lines) >= _TOO_MUCH:
        raise ValueError("must come to less than 1,000,000,000,000 in all")
    return lines


class ItemQuantity(Value):
    """So many pieces of a SKU."""

    sku: Sku
    quantity: Quantity


class OrderAccepted(Value):
    """The order is kept and will be decided."""

    order_id: UUID
    status: Literal["pending"] = "pending"


class OrderCancellation(Value):
    """The order is cancelled; what was reserved or authorised for it is being undone."""

    order_id: UUID
    status: Literal["cancelled"] = "cancelled"


class CancelOrder(
    Command[OrderCancellation],
    key="order_id",
    http=Post("/v1/orders/{order_id}/cancel", summary="Cancel an order that is still pending"),
    requires="orders:cancel",
    owned_by="customer_id",
    refuses={"order_not_found": 404, "order_not_pending": 409},
    example={"order_id": "74eda2bf-2087-5bfc-aaaf-7ff4216c8a87"},
):
    """Cancels an order that is still pending."""

    order_id: UUID


class ReturnAccepted(Value):
    """The return is recorded: `refund` goes back to the customer, the items back on the shelf."""

    return_id: UUID
    order_id: UUID
    refund: Money
    currency: Currency


class ReturnItems(
    Command[ReturnAccepted],
    key="order_id",
    http=Post("/v1/orders/{order_id}/returns", summary="Return items of a confirmed order"),
    requires="orders:return",
    owned_by="customer_id",
    refuses={
        "order_not_found": 404,
        "order_not_confirmed": 409,
        "return_exists": 409,
        "items_not_bought": 422,
        "more_than_bought": 422,
    },
    example={
        "return_id": "35508319-ae1f-5c4b-91ff-80fe61d67009",
        "order_id": "74eda2bf-2087-5bfc-aaaf-7ff4216c8a87",
        "lines": [{"sku": "BULB", "quantity": 3}],
        "reason": "three bulbs were broken",
    },
):
    """Returns items of a confirmed order; without a `return_id` each request is its own return."""

    return_id: UUID | None = None
    order_id: UUID
    lines: Annotated[tuple[ItemQuantity, ...], Field(min_length=1, max_length=2000)]
    reason: LongText | None = None


class OrderView(Value):
    """An order as it stands; until it has reached its owner, `pending` with a `total` of null."""

    order_id: UUID
    status: OrderStatus = "pending"
    reasons: Reasons = ()
    total: Money | None = None
    currency: Currency | None = None
    reference: TextOnRecord | None = None
    customer: CustomerOnRecord | None = None
    lines: Annotated[tuple[LineOnRecord, ...], Field(max_length=2000)] = ()
    refunded: Money = Decimal("0.00")
    placed_at: AwareDatetime | None = None


class GetOrder(
    Query[OrderView],
    key="order_id",
    http=Get("/v1/orders/{order_id}", summary="Read an order"),
    requires="orders:read",
    owned_by="customer_id",
    refuses={"order_not_found": 404},
    example={"order_id": "74eda2bf-2087-5bfc-aaaf-7ff4216c8a87"},
):
    """Reads one order."""

    order_id: UUID


class OrderSummary(Value):
    """An order in a list: all but its lines."""

    order_id: UUID
    status: OrderStatus
    reasons: Reasons
    total: Money
    currency: Currency
    reference: TextOnRecord | None = None
    customer: CustomerOnRecord
    refunded: Money
    placed_at: AwareDatetime


class OrderPage(Value):
    """Orders, newest first; `next_cursor` is null on the last page."""

    items: Annotated[tuple[OrderSummary, ...], Field(max_length=200)]
    next_cursor: Annotated[str, StringConstraints(max_length=200)] | None = None


class ListOrders(
    Query[OrderPage],
    http=Get("/v1/orders", summary="List orders, newest first"),
    requires="orders:read",
    owned_by="customer_id",
    refuses={"invalid_cursor": 400},
    example={"status": "confirmed", "customer_id": "C-1001", "limit": 20, "cursor": None},
):
    """Lists orders, newest first, page by page."""

    status: OrderStatus | None = None
    customer_id: Annotated[ShortText | None, _IDENTITY] = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, StringConstraints(max_length=200)] | None = None


_EVENT_EXAMPLE = {
    "order_id": "74eda2bf-2087-5bfc-aaaf-7ff4216c8a87",
    "customer": {
        "customer_id": "C-1001",
        "email": "ada@example.com",
        "country": "United Kingdom",
    },
    "total": "7.77",
    "currency": "GBP",
    "reference": "WEB-536365",
    "placed_at": "2026-03-01T08:26:00Z",
}


class OrderPlaced(
    Event,
    key="order_id",
    example={name: _EVENT_EXAMPLE[name] for name in ("order_id", "total", "currency", "placed_at")},
):
    """An order has arrived and is pending."""

    order_id: UUID
    total: Money
    currency: Currency
    placed_at: AwareDatetime


class OrderConfirmed(Event, key="order_id", example=_EVENT_EXAMPLE):
    """An order has its stock and its payment; both are being shipped and captured."""

    order_id: UUID
    customer: CustomerOnRecord
    total: Money
    currency: Currency
    reference: TextOnRecord | None = None
    placed_at: AwareDatetime


class OrderRejected(Event, key="order_id", example={**_EVENT_EXAMPLE, "reasons": ["out_of_stock"]}):
    """An order cannot be fulfilled, for all the reasons given, in alphabetical order."""

    order_id: UUID
    customer: CustomerOnRecord
    reasons: Annotated[tuple[Reason, ...], Field(min_length=1, max_length=10)]
    total: Money
    currency: Currency
    reference: TextOnRecord | None = None
    placed_at: AwareDatetime


class PlaceOrder(
    Command[OrderAccepted],
    key="order_id",
    http=Post(
        "/v1/orders",
        stored=True,
        status=202,
        location="/v1/orders/{order_id}",
        summary="Place an order",
        body_bytes=1_048_576,  # 2,000 lines with their descriptions
    ),
    requires="orders:place",
    owned_by="customer.customer_id",
    refuses={
        "order_exists": 409,
        "price_unknown": 422,
        "price_differs": 422,
        "order_too_large": 422,
    },
    follows=(OrderConfirmed, OrderRejected),
    example={
        "order_id": "74eda2bf-2087-5bfc-aaaf-7ff4216c8a87",
        "customer": {
            "customer_id": "C-1001",
            "email": "ada@example.com",
            "country": "United Kingdom",
        },
        "currency": "GBP",
        "lines": [
            {"sku": "LANTERN", "description": "Metal lantern", "quantity": 2, "unit_price": "3.39"},
            {"sku": "BULB", "description": None, "quantity": 12, "unit_price": "0.0825"},
        ],
        "payment_token": "tok_visa",
        "reference": "WEB-536365",
        "placed_at": "2026-03-01T08:26:00Z",
    },
):
    """Places an order; it is confirmed once its stock is reserved and its payment authorised."""

    order_id: UUID | None = None
    customer: Customer
    currency: CentCurrency
    lines: Annotated[
        tuple[OrderLine, ...], Field(min_length=1, max_length=2000), AfterValidator(_affordable)
    ]
    payment_token: PaymentToken
    reference: ShortText | None = None
    placed_at: Moment | None = None


class OrderCancelled(Event, key="order_id", example=_EVENT_EXAMPLE):
    """An order was cancelled while it was pending."""

    order_id: UUID
    customer: CustomerOnRecord
    total: Money
    currency: Currency
    reference: TextOnRecord | None = None
    placed_at: AwareDatetime


class OrderRefunded(
    Event,
    key="order_id",
    example={
        **_EVENT_EXAMPLE,
        "return_id": "35508319-ae1f-5c4b-91ff-80fe61d67009",
        "amount": "0.25",
    },
):
    """Money for returned items of an order went back to the customer."""

    order_id: UUID
    return_id: UUID
    customer: CustomerOnRecord
    amount: Money
    total: Money
    currency: Currency
    reference: TextOnRecord | None = None
    placed_at: AwareDatetime
