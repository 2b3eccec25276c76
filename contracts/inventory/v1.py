"""Inventory: stock received, reserved for orders, released or shipped, and taken back.

A key field that is absent or null (`receipt_id` of `ReceiveStock`) is filled with a UUID derived
from the message's id, so that the same request repeated is the same receipt.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from amphibus.contract import PUBLIC, Command, Event, Get, Post, Query, Sku, Value

_ORDER = "74eda2bf-2087-5bfc-aaaf-7ff4216c8a87"
_RETURN = "35508319-ae1f-5c4b-91ff-80fe61d67009"
_LINES = [{"sku": "LANTERN", "quantity": 2}, {"sku": "BULB", "quantity": 12}]

Quantity = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
"""A number of pieces."""
Stock = Annotated[int, Field(ge=-(2**53) + 1, le=2**53 - 1)]
"""So many pieces as JSON can say."""


class StockLine(Value):
    """So many pieces of a SKU; a SKU that stands on several lines adds up."""

    sku: Sku
    quantity: Quantity


StockLines = Annotated[tuple[StockLine, ...], Field(min_length=1, max_length=2000)]


class ReceiptAccepted(Value):
    """The receipt is kept and will be booked."""

    receipt_id: UUID
    status: Literal["accepted"] = "accepted"


class ReceiveStock(
    Command[ReceiptAccepted],
    key="receipt_id",
    http=Post("/v1/stock/receipts", stored=True, status=202, summary="Receive stock"),
    requires="stock:receive",
    refuses={"receipt_exists": 409},
    example={"receipt_id": "43b5062b-10f6-55a8-a35f-d05d4d37802f", "lines": _LINES},
):
    """Adds what a delivery brought to the stock; the same receipt repeated is booked once."""

    receipt_id: UUID | None = None
    lines: StockLines


class ReserveStock(Command[None], key="order_id", example={"order_id": _ORDER, "lines": _LINES}):
    """Sets aside all the items of an order, or none of them."""

    order_id: UUID
    lines: StockLines


class ReleaseStock(Command[None], key="order_id", example={"order_id": _ORDER}):
    """Gives back what is reserved for an order, if anything is."""

    order_id: UUID


class ShipStock(Command[None], key="order_id", example={"order_id": _ORDER}):
    """Takes what is reserved for an order off the shelf for good."""

    order_id: UUID


class RestockItems(
    Command[None],
    key="order_id",
    example={
        "order_id": _ORDER,
        "return_id": _RETURN,
        "lines": [{"sku": "BULB", "quantity": 3}],
    },
):
    """Puts the items of a return back on the shelf."""

    order_id: UUID
    return_id: UUID
    lines: StockLines


class StockReserved(Event, key="order_id", example={"order_id": _ORDER}):
    """All the items of an order are set aside."""

    order_id: UUID


class StockUnavailable(Event, key="order_id", example={"order_id": _ORDER, "skus": ["LANTERN"]}):
    """Nothing was set aside for an order, since these SKUs are short."""

    order_id: UUID
    skus: Annotated[tuple[Sku, ...], Field(max_length=2000)]


class StockView(Value):
    """The stock of a SKU: what lies on the shelf, what of it is reserved, what is left to sell."""

    sku: Sku
    on_hand: Stock
    reserved: Stock
    available: Stock


class GetStock(
    Query[StockView],
    key="sku",
    http=Get("/v1/stock/{sku}", summary="Read the stock of a SKU"),
    requires=PUBLIC,
    refuses={"sku_not_found": 404},
    example={"sku": "LANTERN"},
):
    """Reads the stock of a SKU."""

    sku: Sku
