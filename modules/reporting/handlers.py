"""Counts sales: each event adds to the day on which its order was placed.

The handlers only add, so the events may come in any order, and a replay into an empty table gives
the same report.
"""

from datetime import UTC, date
from decimal import Decimal
from typing import Final

from sqlalchemy import Date, bindparam, text
from sqlmodel import col, select

from amphibus import Context
from amphibus.columns import Cents
from amphibus.repository import Statement
from contracts.orders import v1 as orders
from contracts.reporting import v1 as reporting
from modules.reporting.container import ReportingContainer
from modules.reporting.models import Sales

ReportingContext = Context[ReportingContainer]
Counted = (
    orders.OrderPlaced
    | orders.OrderConfirmed
    | orders.OrderRejected
    | orders.OrderCancelled
    | orders.OrderRefunded
)

_NOTHING: Final = Decimal("0.00")
# Both databases understand this text; a statement for each would say the same.
_ADD: Final = Statement(
    text(
        "INSERT INTO sales"
        " (day, currency, orders, confirmed, rejected, cancelled, revenue, refunds)"
        " VALUES (:day, :currency, :orders, :confirmed, :rejected, :cancelled, :revenue, :refunds)"
        " ON CONFLICT (day, currency) DO UPDATE SET"
        " orders = sales.orders + excluded.orders,"
        " confirmed = sales.confirmed + excluded.confirmed,"
        " rejected = sales.rejected + excluded.rejected,"
        " cancelled = sales.cancelled + excluded.cancelled,"
        " revenue = sales.revenue + excluded.revenue,"
        " refunds = sales.refunds + excluded.refunds"
    ).bindparams(
        bindparam("day", type_=Date()),
        bindparam("revenue", type_=Cents()),
        bindparam("refunds", type_=Cents()),
    )
)


async def count_order(message: orders.OrderPlaced, context: ReportingContext) -> None:
    """Counts an order that was placed."""
    await _add(message, context, orders=1)


async def count_confirmed(message: orders.OrderConfirmed, context: ReportingContext) -> None:
    """Counts an order that was confirmed: its total is revenue."""
    await _add(message, context, confirmed=1, revenue=message.total)


async def count_rejected(message: orders.OrderRejected, context: ReportingContext) -> None:
    """Counts an order that was rejected."""
    await _add(message, context, rejected=1)


async def count_cancelled(message: orders.OrderCancelled, context: ReportingContext) -> None:
    """Counts an order that was cancelled."""
    await _add(message, context, cancelled=1)


async def count_refund(message: orders.OrderRefunded, context: ReportingContext) -> None:
    """Counts money that went back, for the day of the order, beside its revenue."""
    await _add(message, context, refunds=message.amount)


async def get_sales(
    message: reporting.GetSales, context: ReportingContext
) -> reporting.SalesReport:
    """Reads the sales by day."""
    query = select(Sales).order_by(col(Sales.day), col(Sales.currency))
    if message.from_ is not None:
        query = query.where(col(Sales.day) >= message.from_)
    if message.to is not None:
        query = query.where(col(Sales.day) <= message.to)
    found = await context.db.exec(query)
    return reporting.SalesReport(
        days=tuple(reporting.SalesDay.model_validate(each, from_attributes=True) for each in found)
    )


async def _add(
    message: Counted,
    context: ReportingContext,
    *,
    orders: int = 0,
    confirmed: int = 0,
    rejected: int = 0,
    cancelled: int = 0,
    revenue: Decimal = _NOTHING,
    refunds: Decimal = _NOTHING,
) -> None:
    await _ADD.run(
        context.db,
        {
            "day": _day(message),
            "currency": message.currency,
            "orders": orders,
            "confirmed": confirmed,
            "rejected": rejected,
            "cancelled": cancelled,
            "revenue": revenue,
            "refunds": refunds,
        },
    )


def _day(message: Counted) -> date:
    return message.placed_at.astimezone(UTC).date()
