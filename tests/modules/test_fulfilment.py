"""An order is seen through to one decision, whatever comes in whatever order."""

from decimal import Decimal
from itertools import permutations
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from amphibus import Refused
from amphibus.contract import Event
from amphibus.routing.process_check import problems_of_process
from contracts.inventory import v1 as inventory
from contracts.orders import v1 as orders
from contracts.payments import v1 as payments
from modules.orders.models import DECIDED, PENDING
from modules.orders.process import fulfilment
from tests.modules.shop import Shop, order_of


def test_the_fulfilment_answers_every_message_and_leaves_nothing_behind() -> None:
    """A path that ended with stock reserved or money held would lose it for good."""
    assert list(problems_of_process(fulfilment)) == []


def test_every_state_is_either_pending_or_decided() -> None:
    """What `status=pending` finds must be what is pending."""
    assert sorted(state.name for state in fulfilment.states) == sorted((*PENDING, *DECIDED))
    assert {state.name for state in fulfilment.states if state.final} == set(DECIDED)


@pytest.mark.asyncio
async def test_an_order_with_stock_and_payment_is_confirmed_shipped_and_captured(
    shop: Shop,
) -> None:
    order_id = await shop.place({"LANTERN": 2, "BULB": 12})

    assert shop.outcome(await shop.order(order_id)) == ("confirmed", ())
    assert await shop.stock("BULB") == (88, 0)
    payment = await shop.payment(order_id)
    assert (payment.status, payment.captured) == ("captured", Decimal("7.77"))
    assert await shop.told(order_id) == ["order_confirmed"]
    assert shop.nothing_failed()


@pytest.mark.asyncio
async def test_an_order_without_stock_is_rejected_and_its_payment_voided(shop: Shop) -> None:
    order_id = await shop.place({"LANTERN": 11, "BULB": 1})

    assert shop.outcome(await shop.order(order_id)) == ("rejected", ("out_of_stock",))
    assert (await shop.payment(order_id)).status == "voided"
    assert await shop.stock("BULB") == (100, 0)
    assert await shop.told(order_id) == ["order_rejected"]


@pytest.mark.asyncio
async def test_a_declined_order_is_rejected_and_its_stock_released(shop: Shop) -> None:
    order_id = await shop.place({"LANTERN": 2}, token="tok_chargeDeclined")

    assert shop.outcome(await shop.order(order_id)) == ("rejected", ("payment_declined",))
    assert await shop.stock("LANTERN") == (10, 0)
    assert (await shop.payment(order_id)).status == "declined"


@pytest.mark.asyncio
async def test_an_order_with_neither_names_both_reasons_in_alphabetical_order(shop: Shop) -> None:
    order_id = await shop.place({"GHOST": 1}, token="tok_chargeDeclined")

    outcome = shop.outcome(await shop.order(order_id))
    assert outcome == ("rejected", ("out_of_stock", "payment_declined"))


@pytest.mark.asyncio
async def test_an_order_of_no_value_is_confirmed_while_payments_are_away(shop: Shop) -> None:
    """Free goods must not wait for a provider that they do not need."""
    await shop.receive(FLYER=5)
    shop.provider.away = True
    order_id = await shop.place({"FLYER": 3})

    assert shop.outcome(await shop.order(order_id)) == ("confirmed", ())
    assert (await shop.payment(order_id)).status == "not_required"


@pytest.mark.asyncio
async def test_a_payment_outage_delays_an_order_and_never_refuses_it(shop: Shop) -> None:
    shop.provider.away = True
    order_id = await shop.place({"LANTERN": 2})
    await shop.harness.advance(hours=20)
    assert (await shop.order(order_id)).status == "pending"
    assert [each["attempts"] for each in shop.harness.delayed("payments")] == [0]

    shop.provider.away = False
    await shop.harness.advance(hours=1)

    assert (await shop.order(order_id)).status == "confirmed"
    assert shop.nothing_failed()


@pytest.mark.asyncio
async def test_an_order_unpaid_after_a_day_is_rejected_and_a_late_payment_voided(
    shop: Shop,
) -> None:
    shop.provider.away = True
    order_id = await shop.place({"LANTERN": 2})
    await shop.harness.advance(hours=24, seconds=1)

    assert shop.outcome(await shop.order(order_id)) == ("rejected", ("payment_timeout",))
    assert await shop.stock("LANTERN") == (10, 0)

    shop.provider.away = False
    await shop.harness.advance(hours=1)
    assert (await shop.payment(order_id)).status == "voided"
    assert (await shop.order(order_id)).status == "rejected"
    assert await shop.told(order_id) == ["order_rejected"]


@pytest.mark.asyncio
async def test_an_unpaid_order_without_stock_names_both_reasons(shop: Shop) -> None:
    shop.provider.away = True
    order_id = await shop.place({"GHOST": 1})
    assert (await shop.order(order_id)).status == "pending"
    await shop.harness.advance(hours=24, seconds=1)

    outcome = shop.outcome(await shop.order(order_id))
    assert outcome == ("rejected", ("out_of_stock", "payment_timeout"))


@pytest.mark.asyncio
async def test_a_pending_order_can_be_cancelled_and_everything_is_undone(shop: Shop) -> None:
    shop.provider.away = True
    order_id = await shop.place({"LANTERN": 2})
    assert await shop.stock("LANTERN") == (10, 2)
    await shop.cancel(order_id)

    assert shop.outcome(await shop.order(order_id)) == ("cancelled", ("cancelled",))
    assert await shop.stock("LANTERN") == (10, 0)
    shop.provider.away = False
    await shop.harness.advance(hours=1)
    assert (await shop.payment(order_id)).status == "voided"
    assert await shop.told(order_id) == ["order_cancelled"]
    await shop.harness.advance(hours=48)
    assert (await shop.order(order_id)).status == "cancelled"


@pytest.mark.asyncio
async def test_a_decided_order_cannot_be_cancelled_nor_an_unknown_one(shop: Shop) -> None:
    order_id = await shop.place({"LANTERN": 1})
    with pytest.raises(Refused) as decided:
        await shop.cancel(order_id)
    with pytest.raises(Refused) as unknown:
        await shop.cancel(uuid4())

    assert (decided.value.code, unknown.value.code) == ("order_not_pending", "order_not_found")


@pytest.mark.asyncio
async def test_the_same_order_twice_is_one_order_and_another_of_its_id_is_refused(
    shop: Shop,
) -> None:
    order_id = await shop.place({"LANTERN": 2})
    await shop.harness.send(order_of({"LANTERN": 2}, order_id=order_id))
    await shop.harness.send(order_of({"LANTERN": 3}, order_id=order_id))
    await shop.harness.settle()

    assert await shop.stock("LANTERN") == (8, 0)
    outcomes = [
        each["outcome"]
        for each in shop.harness.inbox("orders")
        if each["type"] == "orders.PlaceOrder.v1"
    ]
    assert outcomes == ["handled", "handled", "refused"]


@pytest.mark.asyncio
async def test_an_order_without_an_id_gets_the_id_of_its_message(shop: Shop) -> None:
    """A producer that sends the same message again must not place a second order."""
    message_id = uuid4()
    order = order_of({"LANTERN": 2}).model_copy(update={"order_id": None})
    await shop.harness.send(order, message_id=str(message_id))
    await shop.harness.settle()

    assert (await shop.order(message_id)).status == "confirmed"


_ANSWERS: dict[str, type[Event]] = {
    "reserved": inventory.StockReserved,
    "unavailable": inventory.StockUnavailable,
    "authorized": payments.PaymentAuthorized,
    "declined": payments.PaymentDeclined,
}


@pytest.mark.parametrize(
    ("stock", "payment", "outcome", "undone"),
    [
        ("reserved", "authorized", ("confirmed", ()), []),
        ("unavailable", "authorized", ("rejected", ("out_of_stock",)), ["VoidPayment"]),
        ("reserved", "declined", ("rejected", ("payment_declined",)), ["ReleaseStock"]),
        ("unavailable", "declined", ("rejected", ("out_of_stock", "payment_declined")), []),
    ],
)
@pytest.mark.asyncio
async def test_the_decision_does_not_depend_on_which_answer_comes_first(
    stock: str,
    payment: str,
    outcome: tuple[str, tuple[str, ...]],
    undone: list[str],
    tmp_path: Path,
) -> None:
    """Two services answer at their own pace; the customer must not see which was faster."""
    async with Shop.opened(tmp_path, modules=("orders",)) as shop:
        for order in permutations((stock, payment)):
            order_id = await shop.place({"LANTERN": 2})
            for answer in order:
                example = dict(_ANSWERS[answer].contract_example or {}) | {"order_id": order_id}
                await shop.harness.publish(_ANSWERS[answer].model_validate(example))
            await shop.harness.settle()

            assert shop.outcome(await shop.order(order_id)) == outcome
            sent = undoing(shop, order_id)
            assert sent == undone


@pytest.mark.parametrize(
    ("answer", "undone"),
    [
        (None, ["ReleaseStock", "VoidPayment"]),
        ("reserved", ["ReleaseStock", "VoidPayment"]),
        ("unavailable", ["VoidPayment"]),
        ("authorized", ["ReleaseStock", "VoidPayment"]),
        ("declined", ["ReleaseStock"]),
    ],
)
@pytest.mark.asyncio
async def test_cancelling_undoes_what_may_have_been_done_so_far(
    answer: str | None, undone: list[str], tmp_path: Path
) -> None:
    """What is asked for and not answered yet may be done by the time the cancellation arrives."""
    async with Shop.opened(tmp_path, modules=("orders",)) as shop:
        order_id = await shop.place({"LANTERN": 2})
        if answer is not None:
            example = dict(_ANSWERS[answer].contract_example or {}) | {"order_id": order_id}
            await shop.harness.publish(_ANSWERS[answer].model_validate(example))
        await shop.cancel(order_id)

        assert undoing(shop, order_id) == undone
        assert shop.outcome(await shop.order(order_id)) == ("cancelled", ("cancelled",))


def undoing(shop: Shop, order_id: UUID) -> list[str]:
    """The compensations sent for an order, by name."""
    names = (
        each.type.split(".")[1] for each in shop.harness.outgoing() if each.key == str(order_id)
    )
    return sorted(name for name in names if name in ("VoidPayment", "ReleaseStock"))


@pytest.mark.asyncio
async def test_an_answer_after_the_decision_is_undone_again(tmp_path: Path) -> None:
    """A dead letter that is replayed days later must not leave money held or stock set aside."""
    async with Shop.opened(tmp_path, modules=("orders",)) as shop:
        order_id = await shop.place({"LANTERN": 2})
        await shop.cancel(order_id)
        before = len(shop.harness.outgoing())
        await shop.harness.publish(inventory.StockReserved(order_id=order_id))
        await shop.harness.publish(
            payments.PaymentAuthorized(order_id=order_id, amount=Decimal("6.78"), currency="GBP")
        )
        await shop.harness.settle()

        late = [each.type for each in shop.harness.outgoing()[before:]]
        assert sorted(late) == ["inventory.ReleaseStock.v1", "payments.VoidPayment.v1"]
        assert (await shop.order(order_id)).status == "cancelled"
        assert not shop.harness.seen(orders.OrderConfirmed)
