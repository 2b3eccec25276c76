"""The payments module's tables: one payment an order, and the books."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from amphibus.columns import Cents, module_registry


class Base(SQLModel, registry=module_registry()):
    """All tables of this module."""


class Payment(Base, table=True):
    """The payment of an order. The customer's token is not kept."""

    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint("captured >= 0 AND captured <= authorized", name="captured_within_hold"),
        CheckConstraint("refunded >= 0 AND refunded <= captured", name="refunded_within_captured"),
    )

    order_id: UUID = Field(primary_key=True)
    status: str = Field(max_length=20)
    currency: str = Field(max_length=3)
    authorized: Decimal = Field(default=Decimal("0.00"), sa_type=Cents)
    captured: Decimal = Field(default=Decimal("0.00"), sa_type=Cents)
    refunded: Decimal = Field(default=Decimal("0.00"), sa_type=Cents)


class Account(StrEnum):
    """The accounts of the books."""

    PROVIDER = "provider"
    """The money that the payment provider owes us."""
    SALES = "sales"
    """The money that customers paid for goods."""
    RETURNS = "returns"
    """The money that customers got back for goods."""


class Transfer(Base, table=True):
    """One booking: the same amount is debited to one account and credited to another.

    One row cannot be out of balance, and so neither can the books.
    """

    __tablename__ = "transfer"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("debit <> credit", name="two_accounts"),
    )

    message_id: str = Field(primary_key=True, max_length=128)
    """The message that caused it, so that it cannot be booked twice."""
    order_id: UUID = Field(index=True)
    debit: str = Field(max_length=20)
    credit: str = Field(max_length=20)
    amount: Decimal = Field(sa_type=Cents)
    currency: str = Field(max_length=3)
    booked_at: datetime
    return_id: UUID | None = None

    @property
    def entries(self) -> tuple[tuple[str, Decimal], tuple[str, Decimal]]:
        """Both sides, debits positive, credits negative: they sum to zero."""
        return (self.debit, self.amount), (self.credit, -self.amount)
