"""Writes to customers: once for each decision, once for each refund."""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

from amphibus import UNKNOWN, AmphibusError, Context, Outside, Person, Unavailable
from amphibus.contract import one_line
from contracts.notifications import v1 as notifications
from contracts.orders import v1 as orders
from modules.notifications.container import NotificationsContainer
from modules.notifications.models import Notification
from modules.notifications.repositories import NotificationRepository

NotificationsContext = Context[NotificationsContainer]
Occasion = (
    orders.OrderConfirmed | orders.OrderRejected | orders.OrderCancelled | orders.OrderRefunded
)

_LATEST: Final = 200
_KINDS: Final[dict[type[Occasion], notifications.NotificationKind]] = {
    orders.OrderConfirmed: "order_confirmed",
    orders.OrderRejected: "order_rejected",
    orders.OrderCancelled: "order_cancelled",
    orders.OrderRefunded: "order_refunded",
}
_REASONS: Final[dict[orders.Reason, str]] = {
    "cancelled": "it was cancelled",
    "out_of_stock": "we do not have all the items in stock",
    "payment_declined": "your payment was declined",
    "payment_timeout": "your payment did not come through in time",
}


async def send_mail(message: Occasion, outside: Outside[NotificationsContainer]) -> None:
    """Writes to the customer; the same event again is the same mail."""
    mail = mail_for(message, sender=outside.container.sender())
    happened = datetime.fromtimestamp(outside.envelope.time / 1_000_000, UTC)
    mail["Date"] = format_datetime(happened)
    await outside.container.mailer().send(outside.message_id, mail)


async def record(message: Occasion, context: NotificationsContext) -> None:
    """Records that the customer was written to."""
    if context.outside is UNKNOWN:
        raise Unavailable("the mail server has given no answer in time")
    await NotificationRepository(context.db).insert(
        Notification(
            message_id=context.message_id,
            order_id=message.order_id,
            kind=_KINDS[type(message)],
            channel="email",
            sent_at=context.now,
        )
    )


async def forget_mails(person: Person, container: NotificationsContainer) -> int:
    """Deletes the mails to a person that still lie with us."""
    return await container.mailer().forget(person.values)


async def list_notifications(
    message: notifications.ListNotifications, context: NotificationsContext
) -> notifications.NotificationList:
    """Lists what was sent, the latest last."""
    sent = NotificationRepository(context.db)
    if message.order_id is None:
        latest = await sent.page_by_sent_at(limit=_LATEST, descending=True)
    else:
        latest = await sent.page_of_order_id(message.order_id, limit=_LATEST, descending=True)
    items = tuple(
        notifications.Notification.model_validate(each, from_attributes=True)
        for each in reversed(latest.rows)
    )
    return notifications.NotificationList(items=items)


def mail_for(message: Occasion, *, sender: str) -> EmailMessage:
    """The mail that tells a customer about an event."""
    subject, story = _notified(message)
    name = one_line(message.reference or str(message.order_id))
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = message.customer.email
    if mail["To"] != message.customer.email:
        raise AmphibusError("the customer's address would be read as another one in a mail")
    mail["Subject"] = f"Your order {name}: {subject}"
    placed = f"{message.placed_at.day} {message.placed_at:%B %Y}"
    mail.set_content(
        f"Hello,\n\n{story}\n\n"
        f"Order {message.order_id}\nPlaced on {placed}\n\n"
        "With kind regards,\nthe Amphibus shop\n"
    )
    return mail


def _notified(message: Occasion) -> tuple[str, str]:
    match message:
        case orders.OrderConfirmed() if message.total:
            return "confirmed", (
                "thank you for your order. Everything is in stock and on its way to you.\n"
                f"We have charged {_money(message)} to your card."
            )
        case orders.OrderConfirmed():
            return "confirmed", (
                "thank you for your order. Everything is in stock and on its way to you.\n"
                "There is nothing to pay."
            )
        case orders.OrderRejected():
            why = " and ".join(_REASONS[reason] for reason in message.reasons)
            return "not possible", (
                f"we are sorry: we cannot fulfil your order, because {why}.\n"
                "You have not been charged."
            )
        case orders.OrderCancelled():
            return "cancelled", (
                "your order is cancelled, as you asked. You have not been charged."
            )
        case orders.OrderRefunded():
            return "refund", (
                "thank you for sending items back.\n"
                f"We have refunded {message.amount} {message.currency} to your card."
            )


def _money(message: orders.OrderConfirmed) -> str:
    return f"{message.total} {message.currency}"
