"""Notifications: the mails that customers were sent."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from amphibus.contract import Closed, Get, Query, Value

NotificationKind = Annotated[
    Literal["order_confirmed", "order_rejected", "order_cancelled", "order_refunded"],
    Closed("each kind is a mail with a text of its own"),
]


class Notification(Value):
    """One message that was sent to the customer of an order."""

    order_id: UUID
    kind: NotificationKind
    channel: Literal["email"]
    sent_at: AwareDatetime


class NotificationList(Value):
    """Notifications in the order in which they were sent."""

    items: Annotated[tuple[Notification, ...], Field(max_length=100_000)]


class ListNotifications(
    Query[NotificationList],
    http=Get("/v1/notifications", summary="List what customers were sent"),
    requires="notifications:read",
    example={"order_id": "74eda2bf-2087-5bfc-aaaf-7ff4216c8a87"},
):
    """Lists what the customer of an order was sent; without an order, the latest 200 of all."""

    order_id: UUID | None = None
