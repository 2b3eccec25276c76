"""Customers are told once, in plain words, and never about somebody else's failure."""

import mailbox
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from amphibus import AmphibusError
from contracts.notifications import v1 as notifications
from contracts.orders import v1 as orders
from modules.notifications.handlers import Occasion, mail_for
from tests.modules.shop import Shop

ORDER = UUID("74eda2bf-2087-5bfc-aaaf-7ff4216c8a87")
ENCODED = "=?utf-8?q?a=40elsewhere.example?=@example.com"


def said_of(event: Occasion) -> tuple[str, str]:
    mail = mail_for(event, sender="shop@example.com")
    return str(mail["Subject"]), mail.get_content()


def example(event: type[orders.OrderConfirmed], **fields: object) -> orders.OrderConfirmed:
    return event.model_validate({**(event.contract_example or {}), **fields})


def test_a_confirmation_names_the_order_and_what_was_charged() -> None:
    subject, text = said_of(example(orders.OrderConfirmed))

    assert subject == "Your order WEB-536365: confirmed"
    assert "7.77 GBP" in text
    assert "1 March 2026" in text
    assert str(ORDER) in text


def test_a_free_order_is_not_said_to_be_charged() -> None:
    _, text = said_of(example(orders.OrderConfirmed, total="0.00", reference=None))

    assert "nothing to pay" in text
    assert "charged" not in text


def test_a_rejection_says_every_reason_in_plain_words() -> None:
    fields = {**(orders.OrderRejected.contract_example or {})}
    fields["reasons"] = ["out_of_stock", "payment_declined"]
    _, text = said_of(orders.OrderRejected.model_validate(fields))

    assert "we do not have all the items in stock and your payment was declined" in text
    assert "_" not in text


@pytest.mark.asyncio
async def test_each_decision_and_each_refund_is_one_mail_in_the_maildir(shop: Shop) -> None:
    order_id = await shop.place({"LANTERN": 2}, reference="WEB-1")
    await shop.take_back(order_id, {"LANTERN": 1})
    await shop.take_back(order_id, {"LANTERN": 1})

    assert await shop.told(order_id) == ["order_confirmed", "order_refunded", "order_refunded"]
    subjects = sorted(str(mail["Subject"]) for mail in mailbox.Maildir(shop.folder / "mail"))
    confirmed, refund = "Your order WEB-1: confirmed", "Your order WEB-1: refund"
    assert subjects == [confirmed, refund, refund]


@pytest.mark.asyncio
async def test_notifications_are_listed_for_an_order_or_for_all(shop: Shop) -> None:
    first, second = await shop.place({"LANTERN": 1}), await shop.place({"GHOST": 1})
    everything = await shop.harness.ask(notifications.ListNotifications())

    assert {each.order_id for each in everything.items} == {first, second}
    assert await shop.told(second) == ["order_rejected"]
    assert await shop.told(uuid4()) == []


@pytest.mark.asyncio
async def test_a_mail_waits_while_the_maildir_cannot_be_written(shop: Shop) -> None:
    """The order is decided all the same; only its mail is late."""
    blocked = shop.folder / "mail"
    blocked.write_text("a file where the folder should be")
    order_id = await shop.place({"LANTERN": 1})
    assert (await shop.order(order_id)).status == "confirmed"
    assert await shop.told(order_id) == []

    blocked.unlink()
    await shop.harness.advance(hours=1)
    assert await shop.told(order_id) == ["order_confirmed"]


def test_a_refund_says_how_much_went_back() -> None:
    event = orders.OrderRefunded(
        order_id=ORDER,
        return_id=uuid4(),
        customer=orders.Customer(email="ada@example.com"),
        amount=Decimal("0.25"),
        total=Decimal("7.77"),
        currency="GBP",
        placed_at=datetime(2026, 3, 1, tzinfo=UTC),
    )
    assert "We have refunded 0.25 GBP" in said_of(event)[1]


@pytest.mark.parametrize("mark", ["\u2028", "\u0085", "\n", "\u202e"])
def test_a_reference_of_two_lines_becomes_one_line_of_a_mail(mark: str) -> None:
    subject = said_of(example(orders.OrderConfirmed, reference=f"PO 17{mark}Ward 4"))[0]
    assert subject == "Your order PO 17\ufffdWard 4: confirmed"


def test_a_mail_goes_to_the_address_that_the_customer_wrote_or_to_nobody() -> None:
    """A mail program reads an encoded word as the address that it stands for."""
    with pytest.raises(AmphibusError, match="another one"):
        said_of(example(orders.OrderConfirmed, customer={"email": ENCODED}))
