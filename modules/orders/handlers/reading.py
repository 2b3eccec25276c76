"""The queries about orders."""

import base64
import binascii
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, literal, tuple_
from sqlalchemy.orm import defer
from sqlmodel import col, select
from sqlmodel.sql.sqltypes import UTCDateTime

from amphibus import Context, Refused
from contracts.orders import v1 as orders
from modules.orders.container import OrdersContainer
from modules.orders.models import DECIDED, PENDING, Order
from modules.orders.repositories import OrderRepository

OrdersContext = Context[OrdersContainer]

_STATES: Final = {"pending": PENDING} | {status: (state,) for state, status in DECIDED.items()}


async def get_order(message: orders.GetOrder, context: OrdersContext) -> orders.OrderView:
    """Reads one order."""
    order = await OrderRepository(context.db).get(message.order_id)
    if order is None:
        raise Refused("order_not_found")
    lines = tuple(
        orders.LineOnRecord.model_validate(
            {
                "sku": sku,
                "description": description,
                "quantity": quantity,
                "unit_price": Decimal(price),
            }
        )
        for sku, description, quantity, price in order.lines
    )
    return orders.OrderView(**_summary(order).model_dump(), lines=lines)


async def owner_of_order(
    message: orders.GetOrder | orders.CancelOrder | orders.ReturnItems, context: OrdersContext
) -> str | None:
    """Finds whose an order is; a guest's is nobody's."""
    query = select(Order.customer_id).where(Order.order_id == message.order_id)
    return (await context.db.exec(query)).first()


async def list_orders(message: orders.ListOrders, context: OrdersContext) -> orders.OrderPage:
    """Lists orders, newest first; a page starts after the last order of the page before."""
    query = (
        select(Order)
        .options(defer(Order.lines))  # type: ignore[arg-type]  # its type is that of the value
        .order_by(col(Order.placed_at).desc(), col(Order.order_id).desc())
        .limit(message.limit + 1)
    )
    if message.status is not None:
        query = query.where(col(Order.state).in_(_STATES[message.status]))
    if message.customer_id is not None:
        query = query.where(Order.customer_id == message.customer_id)
    if message.cursor is not None:
        placed_at, order_id = _position(message.cursor)
        last = tuple_(literal(placed_at, UTCDateTime()), literal(order_id, Uuid()))
        query = query.where(tuple_(col(Order.placed_at), col(Order.order_id)) < last)
    found = (await context.db.exec(query)).all()
    page = found[: message.limit]
    more = len(found) > message.limit
    return orders.OrderPage(
        items=tuple(_summary(order) for order in page),
        next_cursor=_cursor(page[-1]) if more else None,
    )


def _summary(order: Order) -> orders.OrderSummary:
    return orders.OrderSummary.model_validate(
        {
            **order.facts,
            "status": order.status,
            "reasons": order.reasons,
            "refunded": order.refunded,
        }
    )


def _cursor(order: Order) -> str:
    position = f"{order.placed_at.isoformat()} {order.order_id.hex}"
    return base64.urlsafe_b64encode(position.encode()).decode()


def _position(cursor: str) -> tuple[datetime, UUID]:
    try:
        placed_at, order_id = base64.b64decode(cursor, b"-_", validate=True).decode().split(" ")
        moment = datetime.fromisoformat(placed_at)
        if moment.tzinfo is None:
            raise ValueError("no zone")
        return moment.astimezone(UTC), UUID(order_id)
    except (binascii.Error, ValueError, OverflowError):  # the last is at the ends of time
        raise Refused("invalid_cursor", "use the `next_cursor` of the page before") from None
