"""The tables of the hand-written flow, each of one module."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Index,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    Uuid,
    func,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

MODULES = ("gateway", "orders", "inventory", "payments", "notifications", "reporting")
TOGETHER = "shop"
"""Whose outbox it is where all modules are one process."""


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012 - as SQLAlchemy reads it
        Decimal: Numeric(14, 2),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSON,
        list[dict[str, Any]]: JSON,
    }


class AcceptedOrder(Base):
    __tablename__ = "gateway_accepted"
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[str]
    accepted_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Order(Base):
    __tablename__ = "orders_order"
    __table_args__ = (
        Index("ix_order_placed_at", "placed_at", "order_id"),
        Index("ix_order_state", "state", "placed_at", "order_id"),
        Index("ix_order_customer", "customer_id", "placed_at", "order_id"),
    )
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str]
    reserved: Mapped[bool] = mapped_column(default=False)
    authorized: Mapped[bool] = mapped_column(default=False)
    customer_id: Mapped[str | None]
    email: Mapped[str]
    country: Mapped[str | None]
    currency: Mapped[str]
    total: Mapped[Decimal]
    reference: Mapped[str | None]
    placed_at: Mapped[datetime]
    decide_by: Mapped[datetime]
    lines: Mapped[list[dict[str, Any]]]


class Stock(Base):
    __tablename__ = "inventory_stock"
    sku: Mapped[str] = mapped_column(primary_key=True)
    on_hand: Mapped[int] = mapped_column(BigInteger)
    reserved: Mapped[int] = mapped_column(BigInteger, default=0)


class Reservation(Base):
    __tablename__ = "inventory_reservation"
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str]
    items: Mapped[dict[str, Any]]


class Payment(Base):
    __tablename__ = "payments_payment"
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    status: Mapped[str]
    currency: Mapped[str]
    authorized: Mapped[Decimal]
    captured: Mapped[Decimal] = mapped_column(default=Decimal(0))


class Transfer(Base):
    __tablename__ = "payments_transfer"
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(index=True)
    debit: Mapped[str]
    credit: Mapped[str]
    amount: Mapped[Decimal]
    currency: Mapped[str]
    booked_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Notification(Base):
    __tablename__ = "notifications_notification"
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(index=True)
    kind: Mapped[str]
    sent_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class Sales(Base):
    __tablename__ = "reporting_sales"
    day: Mapped[date] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    orders: Mapped[int] = mapped_column(default=0)
    confirmed: Mapped[int] = mapped_column(default=0)
    revenue: Mapped[Decimal] = mapped_column(default=Decimal(0))


posts = MetaData()


def inbox_of(module: str) -> Table:
    """What a module has handled."""
    return Table(
        f"{module}_inbox",
        posts,
        Column("message_id", Uuid, primary_key=True),
        Column("handled_at", DateTime(timezone=True), server_default=func.now()),
    )


def outbox_of(owner: str) -> Table:
    """What a module, or a process of several, has yet to publish."""
    return Table(
        f"{owner}_outbox",
        posts,
        Column("seq", BigInteger, primary_key=True, autoincrement=True),
        Column("message_id", Uuid, nullable=False),
        Column("type", String, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("written_at", DateTime(timezone=True), server_default=func.now()),
    )


INBOXES = {module: inbox_of(module) for module in MODULES}
OUTBOXES = {owner: outbox_of(owner) for owner in (*MODULES, TOGETHER)}
