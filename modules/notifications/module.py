"""The front page of the notifications module: every message it sends or receives."""

from amphibus import Module, on
from contracts.notifications import v1 as notifications
from contracts.orders import v1 as orders
from modules.notifications.container import NotificationsContainer
from modules.notifications.handlers import forget_mails, list_notifications, record, send_mail
from modules.notifications.models import Base

module = Module(
    name="notifications",
    container=NotificationsContainer,
    handles=(on(notifications.ListNotifications, list_notifications),),
    subscribes=(
        on(orders.OrderConfirmed, record, outside=send_mail),
        on(orders.OrderRejected, record, outside=send_mail),
        on(orders.OrderCancelled, record, outside=send_mail),
        on(orders.OrderRefunded, record, outside=send_mail),
    ),
    purposes=("to write to the customer about the order",),
    ignores=("identity", "location"),
    forget=forget_mails,
    tables=Base.metadata,
)
