"""The catalog module's table."""

from datetime import datetime

from sqlalchemy import Column, String
from sqlmodel import Field, SQLModel

from amphibus.columns import module_registry


class Base(SQLModel, registry=module_registry()):
    """All tables of this module."""


class Price(Base, table=True):
    """The price of a piece of a SKU in a currency."""

    __tablename__ = "price"

    # Sorted by code points on both databases, so that both list in one order.
    sku: str = Field(
        sa_column=Column(
            String(40).with_variant(String(40, collation="C"), "postgresql"), primary_key=True
        )
    )
    currency: str = Field(primary_key=True, max_length=3)
    unit_price: str = Field(max_length=14)
    """An exact decimal, with the digits that it was written with."""
    set_at: datetime
    """The time of this price, later than that of any before it."""
