"""The reporting module's table: counters, one row for each day and currency."""

from datetime import date
from decimal import Decimal

from sqlmodel import Field, SQLModel

from amphibus.columns import Cents, module_registry


class Base(SQLModel, registry=module_registry()):
    """All tables of this module."""


class Sales(Base, table=True):
    """The outcomes of the orders placed on one day in one currency."""

    __tablename__ = "sales"

    day: date = Field(primary_key=True)
    currency: str = Field(primary_key=True, max_length=3)
    orders: int = 0
    confirmed: int = 0
    rejected: int = 0
    cancelled: int = 0
    revenue: Decimal = Field(default=Decimal("0.00"), sa_type=Cents)
    refunds: Decimal = Field(default=Decimal("0.00"), sa_type=Cents)
