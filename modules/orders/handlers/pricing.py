"""The price of each line: the catalogue's, or the one in the request from whoever may say prices.

The catalogue's prices are read from a copy here, which its events keep: no order waits for another module.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from sqlmodel import col, select

from amphibus import Context, Refused
from contracts.catalog import v1 as catalog
from contracts.orders import v1 as orders
from modules.orders.container import OrdersContainer
from modules.orders.models import Line, ListedPrice
from modules.orders.repositories import ListedPriceRepository

OrdersContext = Context[OrdersContainer]

MAY_PRICE: Final = "orders:price"
"""The right to say what something costs."""
_BOUND: Final = ("user", "anonymous")
"""Whoever buys. Programs and operators of ours bring orders in, whose prices were agreed elsewhere."""


async def note_price(message: catalog.PriceSet, context: OrdersContext) -> None:
    """Keeps what a piece of a SKU costs, unless a later price of it is here: old events may be sent again."""
    prices = ListedPriceRepository(context.db)
    price = await prices.get(message.sku, message.currency, for_update=True)
    if price is None:
        await prices.insert(
            ListedPrice(
                sku=message.sku,
                currency=message.currency,
                unit_price=str(message.unit_price),
                set_at=message.set_at,
            )
        )
    elif message.set_at > price.set_at:
        price.unit_price = str(message.unit_price)
        price.set_at = message.set_at
        await prices.save(price)


async def priced(message: orders.PlaceOrder, context: OrdersContext) -> list[Line]:
    """Returns the lines of an order with their prices.

    Raises:
        Refused: a line has no price, or one that whoever orders may not say.
    """
    principal = context.principal
    bound = principal.kind in _BOUND and not principal.may(MAY_PRICE)
    asked = {line.sku for line in message.lines if bound or line.unit_price is None}
    listed = await _listed(asked, message.currency, context) if asked else {}
    lines: list[Line] = []
    for line in message.lines:
        price = _price(line, listed.get(line.sku), message.currency, bound=bound)
        lines.append((line.sku, line.description, line.quantity, str(price)))
    return lines


async def _listed(skus: set[str], currency: str, context: OrdersContext) -> Mapping[str, Decimal]:
    query = select(ListedPrice.sku, ListedPrice.unit_price).where(
        ListedPrice.currency == currency, col(ListedPrice.sku).in_(skus)
    )
    return {sku: Decimal(price) for sku, price in await context.db.exec(query)}


def _price(
    line: orders.OrderLine, listed: Decimal | None, currency: str, *, bound: bool
) -> Decimal:
    said = line.unit_price
    if said is not None and (said == listed or not bound):
        return said
    if listed is None:
        raise Refused("price_unknown", f"the catalogue has no price of {line.sku} in {currency}")
    if said is not None:
        raise Refused("price_differs", f"{line.sku} costs {listed}; leave unit_price out")
    return listed
