"""The price of each line: the catalogue's, or the one in the request from whoever may say prices."""

from decimal import Decimal
from typing import Final

from amphibus import Context, Refused
from contracts.orders import v1 as orders
from modules.orders.container import OrdersContainer
from modules.orders.models import Line

MAY_PRICE: Final = "orders:price"
"""The right to say what something costs."""
_BOUND: Final = ("user", "anonymous")
"""Whoever buys. Programs and operators of ours bring orders in, whose prices were agreed elsewhere."""


def priced(message: orders.PlaceOrder, context: Context[OrdersContainer]) -> list[Line]:
    """Returns the lines of an order with their prices.

    Raises:
        Refused: a line has no price, or one that whoever orders may not say.
    """
    prices = context.container.prices()
    principal = context.principal
    bound = principal.kind in _BOUND and not principal.may(MAY_PRICE)
    lines: list[Line] = []
    for line in message.lines:
        listed = prices.get((line.sku, message.currency))
        price = _price(line, listed, bound=bound)
        lines.append((line.sku, line.description, line.quantity, str(price)))
    return lines


def _price(line: orders.OrderLine, listed: Decimal | None, *, bound: bool) -> Decimal:
    said = line.unit_price
    if said is not None and (said == listed or not bound):
        return said
    if listed is None:
        raise Refused("price_unknown", f"{line.sku} is not in the catalogue in that currency")
    if said is not None:
        raise Refused("price_differs", f"{line.sku} costs {listed}; leave unit_price out")
    return listed
