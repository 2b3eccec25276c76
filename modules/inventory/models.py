"""The inventory module's tables."""

from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, String
from sqlmodel import Field, SQLModel

from amphibus.columns import module_registry


class Base(SQLModel, registry=module_registry()):
    """All tables of this module."""


class Stock(Base, table=True):
    """The stock of a SKU. The database itself refuses to sell more than there is."""

    __tablename__ = "stock"
    __table_args__ = (
        CheckConstraint("reserved >= 0", name="reserved_not_negative"),
        CheckConstraint("on_hand >= reserved", name="reserved_on_hand"),
    )

    # Sorted by code points on both databases, as Python sorts, so that all lock rows in one order.
    sku: str = Field(
        sa_column=Column(
            String(40).with_variant(String(40, collation="C"), "postgresql"), primary_key=True
        )
    )
    on_hand: int = Field(sa_type=BigInteger)
    reserved: int = Field(default=0, sa_type=BigInteger)


class Reservation(Base, table=True):
    """The items set aside for an order, and their fate."""

    __tablename__ = "reservation"
    __table_args__ = (
        CheckConstraint("state IN ('reserved', 'released', 'shipped')", name="state_known"),
    )

    order_id: UUID = Field(primary_key=True)
    state: str = Field(max_length=20)
    items: dict[str, int] = Field(sa_type=JSON)
    """SKU and number of pieces, each SKU once."""


class Receipt(Base, table=True):
    """A delivery that is booked."""

    __tablename__ = "receipt"

    receipt_id: UUID = Field(primary_key=True)
    hash_code: str = Field(max_length=64)
    """SHA-256 of the message: the same receipt repeated changes nothing."""
