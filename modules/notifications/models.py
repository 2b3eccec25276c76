"""The notifications module's table."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from amphibus.columns import module_registry


class Base(SQLModel, registry=module_registry()):
    """All tables of this module."""


class Notification(Base, table=True):
    """A mail that was handed over. The order has the address; it is not kept here."""

    __tablename__ = "notification"
    __table_args__ = (
        Index("ix_notification_order_id", "order_id", "sent_at"),
        Index("ix_notification_sent_at", "sent_at"),
    )

    message_id: str = Field(primary_key=True, max_length=128)
    """The event that the customer was told about."""
    order_id: UUID
    kind: str = Field(max_length=20)
    channel: str = Field(max_length=20)
    sent_at: datetime
