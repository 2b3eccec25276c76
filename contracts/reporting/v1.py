"""Reporting: sales by day, worked out from what the orders module says."""

from typing import Annotated

from pydantic import Field

from amphibus.contract import Currency, Day, Get, Money, Query, Value

Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
"""A number of orders."""


class SalesDay(Value):
    """The orders placed on a day (UTC) in one currency; `revenue` is before `refunds`."""

    day: Day
    currency: Currency
    orders: Count
    confirmed: Count
    rejected: Count
    cancelled: Count
    revenue: Money
    refunds: Money


class SalesReport(Value):
    """The days on which orders were placed, oldest first, each with a row for each currency."""

    days: Annotated[tuple[SalesDay, ...], Field(max_length=100_000)]


class GetSales(
    Query[SalesReport],
    http=Get("/v1/reports/sales", summary="Read sales by day"),
    requires="reports:read",
    example={"from": "2026-03-01", "to": "2026-03-31"},
):
    """Reads the sales of the days from `from` to `to`, both included."""

    from_: Annotated[Day | None, Field(alias="from")] = None
    to: Day | None = None
