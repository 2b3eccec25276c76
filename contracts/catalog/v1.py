"""Catalog: what a piece of each SKU costs, in each currency that it is sold in.

A key field that is absent or null (`publication_id` of `PublishPrices`) is filled with a UUID derived
from the message's id.
"""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from amphibus.contract import (
    PUBLIC,
    CentCurrency,
    Command,
    Currency,
    DecimalString,
    Event,
    Get,
    Post,
    Query,
    Sku,
    Value,
)

UnitPrice = Annotated[Decimal, DecimalString(decimal_places=4, max_digits=13)]
"""What one piece costs: not negative, up to 4 decimals."""


class PriceAccepted(Value):
    """The price is kept and will be published."""

    sku: Sku
    status: Literal["accepted"] = "accepted"


class SetPrice(
    Command[PriceAccepted],
    key="sku",
    http=Post("/v1/prices", stored=True, status=202, summary="Set the price of a SKU"),
    requires="prices:set",
    example={"sku": "LANTERN", "currency": "GBP", "unit_price": "3.39"},
):
    """Sets what a piece of a SKU costs in a currency, and publishes it even if it cost that before."""

    sku: Sku
    currency: CentCurrency
    unit_price: UnitPrice


class PriceOfSku(Value):
    """Names a price: it is that of a SKU in a currency."""

    sku: Sku
    currency: Currency


class PublishPrices(
    Command[None],
    key="publication_id",
    example={
        "publication_id": "0b1f6a3e-58a2-5d0f-9c1b-8c1e1f0a5c11",
        "after": {"sku": "LANTERN", "currency": "GBP"},
    },
):
    """Publishes all prices again, or those after one, some at a time, for subscribers without them."""

    publication_id: UUID | None = None
    after: PriceOfSku | None = None


class PriceSet(
    Event,
    key="sku",
    example={
        "sku": "LANTERN",
        "currency": "GBP",
        "unit_price": "3.39",
        "set_at": "2026-03-01T08:26:00Z",
    },
):
    """A piece of a SKU costs this in a currency since `set_at`, which is later for each new price of it."""

    sku: Sku
    currency: Currency
    unit_price: UnitPrice
    set_at: AwareDatetime


class PriceView(Value):
    """The price of a piece of a SKU in a currency, and since when it holds."""

    sku: Sku
    currency: Currency
    unit_price: UnitPrice
    set_at: AwareDatetime


class PricePage(Value):
    """Prices by SKU and currency; `next_cursor` is null on the last page."""

    items: Annotated[tuple[PriceView, ...], Field(max_length=200)]
    next_cursor: Annotated[str, StringConstraints(max_length=200)] | None = None


class ListPrices(
    Query[PricePage],
    http=Get("/v1/prices", summary="List prices, by SKU and currency"),
    requires=PUBLIC,
    refuses={"invalid_cursor": 400},
    example={"limit": 20, "cursor": None},
):
    """Lists prices, by SKU and currency, page by page."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, StringConstraints(max_length=200)] | None = None
