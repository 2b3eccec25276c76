"""Payments: authorised, captured, voided, refunded. One order has one payment."""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import StringConstraints

from amphibus.contract import (
    Closed,
    Command,
    Currency,
    DecimalString,
    Event,
    Get,
    Money,
    Personal,
    Query,
    Value,
)

_ORDER = "74eda2bf-2087-5bfc-aaaf-7ff4216c8a87"
_RETURN = "35508319-ae1f-5c4b-91ff-80fe61d67009"

PositiveMoney = Annotated[Decimal, DecimalString(decimal_places=2, minimum="0.01")]
"""More than nothing, to the cent."""
PaymentToken = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100),
    Personal("payment", purpose="to charge the card for the order", once=True),
]
"""What the payment provider gave the customer's browser for the card."""
PaymentStatus = Annotated[
    Literal[
        "authorized",
        "declined",
        "captured",
        "voided",
        "partially_refunded",
        "refunded",
        "not_required",
    ],
    Closed("whoever reads a payment must know whether money was taken"),
]


class AuthorizePayment(
    Command[None],
    key="order_id",
    example={
        "order_id": _ORDER,
        "amount": "7.77",
        "currency": "GBP",
        "payment_token": "tok_visa",
    },
):
    """Asks for the money of an order to be held on the customer's card."""

    order_id: UUID
    amount: PositiveMoney
    currency: Currency
    payment_token: PaymentToken


class WaivePayment(Command[None], key="order_id", example={"order_id": _ORDER, "currency": "GBP"}):
    """Notes that an order costs nothing and needs no payment."""

    order_id: UUID
    currency: Currency


class CapturePayment(Command[None], key="order_id", example={"order_id": _ORDER}):
    """Collects the money that is held for an order."""

    order_id: UUID


class VoidPayment(Command[None], key="order_id", example={"order_id": _ORDER}):
    """Lets go of the money that is held for an order, if any is."""

    order_id: UUID


class RefundPayment(
    Command[None],
    key="order_id",
    example={"order_id": _ORDER, "return_id": _RETURN, "amount": "0.25"},
):
    """Gives back a part of the money that was captured for an order."""

    order_id: UUID
    return_id: UUID
    amount: PositiveMoney


class PaymentAuthorized(
    Event,
    key="order_id",
    example={"order_id": _ORDER, "amount": "7.77", "currency": "GBP"},
):
    """The money of an order is held on the customer's card."""

    order_id: UUID
    amount: PositiveMoney
    currency: Currency


class PaymentDeclined(Event, key="order_id", example={"order_id": _ORDER, "code": "card_declined"}):
    """The provider refused to hold the money of an order."""

    order_id: UUID
    code: Annotated[str, StringConstraints(max_length=100)]


class PaymentRefunded(
    Event,
    key="order_id",
    example={"order_id": _ORDER, "return_id": _RETURN, "amount": "0.25", "currency": "GBP"},
):
    """The money of a return went back to the customer."""

    order_id: UUID
    return_id: UUID
    amount: PositiveMoney
    currency: Currency


class PaymentView(Value):
    """The payment of an order as it stands."""

    order_id: UUID
    status: PaymentStatus
    authorized: Money
    captured: Money
    refunded: Money
    currency: Currency


class GetPayment(
    Query[PaymentView],
    key="order_id",
    http=Get("/v1/payments/{order_id}", summary="Read the payment of an order"),
    requires="payments:read",
    refuses={"payment_not_found": 404},
    example={"order_id": _ORDER},
):
    """Reads the payment of an order."""

    order_id: UUID
