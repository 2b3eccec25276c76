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
from contracts.orders import v1 as orders
from modules.orders.container import price_list
from tests.modules.shop import ROOT

_LISTED = ["LANTERN 3.39 GBP", "SP 1/2 0.0825 GBP"]
_BUYER = Principal("C-1", "user", scopes=frozenset({"orders:place"}))
_CLERK = Principal("C-2", "user", scopes=frozenset({"orders:place:any", "orders:price"}))
_IMPORTER = Principal("warehouse", "service")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def harness(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Harness]:
    """The shop with two articles in the catalogue."""
    folder: Path = tmp_path_factory.mktemp("var")
    settings: dict[str, Any] = {"modules.orders.prices": _LISTED}
    async with Harness.of(ROOT, data_dir=folder, settings=settings) as opened:
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


@pytest.mark.parametrize(
    "line", ["LANTERN", "LANTERN x GBP", "LANTERN -1 GBP", "LANTERN 1.00001 GBP", "LANTERN NaN GBP"]
)
def test_a_line_of_the_catalogue_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="LANTERN"):
        price_list((line,))
