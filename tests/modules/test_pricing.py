"""A price comes from the catalogue, or from whoever has the right to say one."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from amphibus import Refused
from amphibus.access.principal import Principal
from amphibus.testing import Harness
from contracts.catalog import v1 as catalog
from contracts.orders import v1 as orders
from tests.modules.shop import ROOT

_LISTED = {"LANTERN": "3.39", "SP 1/2": "0.0825"}
_BUYER = Principal("C-1", "user", scopes=frozenset({"orders:place"}))
_CLERK = Principal("C-2", "user", scopes=frozenset({"orders:place:any", "orders:price"}))
_IMPORTER = Principal("warehouse", "service")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def harness(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Harness]:
    """The shop with two articles in the catalogue."""
    folder: Path = tmp_path_factory.mktemp("var")
    async with Harness.of(ROOT, data_dir=folder) as opened:
        for sku, price in _LISTED.items():
            await opened.send(catalog.SetPrice(sku=sku, currency="GBP", unit_price=Decimal(price)))
        await opened.settle()
        yield opened


async def _ordered(
    harness: Harness,
    who: Principal,
    *,
    sku: str = "LANTERN",
    price: str | None,
    currency: str = "GBP",
) -> Decimal | str:
    """What two pieces come to, or the code of the refusal."""
    order = orders.PlaceOrder.model_validate(
        {
            "order_id": uuid4(),
            "customer": {"customer_id": who.subject, "email": "ada@example.com"},
            "currency": currency,
            "lines": [{"sku": sku, "quantity": 2, "unit_price": price}],
            "payment_token": "tok_visa",
        }
    )
    harness.principal = who
    try:
        await harness.request(order)
    except Refused as refused:
        return refused.code
    assert order.order_id is not None
    return (await harness.ask(orders.GetOrder(order_id=order.order_id))).total or Decimal(0)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("who", "line", "outcome"),
    [
        (_BUYER, {"price": None}, Decimal("6.78")),
        (_BUYER, {"price": "3.39"}, Decimal("6.78")),
        (_BUYER, {"price": "0.01"}, "price_differs"),
        (_BUYER, {"price": None, "sku": "GHOST"}, "price_unknown"),
        (_BUYER, {"price": "0", "sku": "GHOST"}, "price_unknown"),
        (_BUYER, {"price": "3.39", "currency": "EUR"}, "price_unknown"),
        (_BUYER, {"price": None, "sku": "SP 1/2"}, Decimal("0.16")),
        (Principal(kind="anonymous"), {"price": "0.01"}, "price_differs"),
        (_CLERK, {"price": "0.01"}, Decimal("0.02")),
        (_CLERK, {"price": None}, Decimal("6.78")),
        (_IMPORTER, {"price": "2.00", "sku": "GHOST"}, Decimal("4.00")),
        (_IMPORTER, {"price": None, "sku": "GHOST"}, "price_unknown"),
    ],
)
async def test_a_buyer_pays_what_the_catalogue_says(
    harness: Harness, who: Principal, line: dict[str, Any], outcome: Decimal | str
) -> None:
    assert await _ordered(harness, who, **line) == outcome


@pytest.mark.asyncio(loop_scope="module")
async def test_who_has_no_price_learns_of_which_sku_in_which_currency(harness: Harness) -> None:
    harness.principal = _BUYER
    with pytest.raises(Refused, match="no price of LANTERN in EUR"):
        await harness.request(
            orders.PlaceOrder.model_validate(
                {
                    "order_id": uuid4(),
                    "customer": {"email": "ada@example.com"},
                    "currency": "EUR",
                    "lines": [{"sku": "LANTERN", "quantity": 1}],
                    "payment_token": "tok_visa",
                }
            )
        )
