"""The queries about orders."""

from datetime import datetime
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
        placed_at, order_id = _place(*context.place_of(message, message.cursor))
        last = tuple_(literal(placed_at, UTCDateTime()), literal(order_id, Uuid()))
        query = query.where(tuple_(col(Order.placed_at), col(Order.order_id)) < last)
    found = (await context.db.exec(query)).all()
    page = found[: message.limit]
    cursor = None
    if len(found) > message.limit:
        last_order = page[-1]
        place = (last_order.placed_at.isoformat(), last_order.order_id.hex)
        cursor = context.cursor_after(message, *place)
    return orders.OrderPage(items=tuple(_summary(order) for order in page), next_cursor=cursor)


def _summary(order: Order) -> orders.OrderSummary:
    return orders.OrderSummary.model_validate(
        {
            **order.facts,
            "status": order.status,
            "reasons": order.reasons,
            "refunded": order.refunded,
        }
    )


def _place(placed_at: str, order_id: str) -> tuple[datetime, UUID]:
    return datetime.fromisoformat(placed_at), UUID(order_id)
