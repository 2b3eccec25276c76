"""What comes back is paid back, to the cent, once."""

from decimal import Decimal
from uuid import uuid4

import pytest

from amphibus import Refused
from tests.modules.shop import Shop


@pytest.mark.asyncio
async def test_returned_items_are_refunded_and_back_on_the_shelf(shop: Shop) -> None:
    order_id = await shop.place({"LANTERN": 2, "BULB": 12})
    accepted = await shop.take_back(order_id, {"BULB": 3})

    assert accepted.refund == Decimal("0.25")
    assert (await shop.order(order_id)).refunded == Decimal("0.25")
    assert await shop.stock("BULB") == (91, 0)
    payment = await shop.payment(order_id)
    assert (payment.status, payment.refunded) == ("partially_refunded", Decimal("0.25"))
    assert await shop.told(order_id) == ["order_confirmed", "order_refunded"]


@pytest.mark.asyncio
async def test_returning_everything_piece_by_piece_refunds_exactly_the_total(shop: Shop) -> None:
    """Rounding each return alone would give back a cent too much or too little."""
    order_id = await shop.place({"LANTERN": 1, "BULB": 7})
    for _ in range(7):
        await shop.take_back(order_id, {"BULB": 1})
    await shop.take_back(order_id, {"LANTERN": 1})

    order = await shop.order(order_id)
    assert order.refunded == order.total == Decimal("3.97")
    assert (await shop.payment(order_id)).status == "refunded"


@pytest.mark.asyncio
async def test_the_same_return_told_twice_is_one_return(shop: Shop) -> None:
    order_id, return_id = await shop.place({"LANTERN": 2}), uuid4()
    first = await shop.take_back(order_id, {"LANTERN": 1}, return_id=return_id)
    again = await shop.take_back(order_id, {"LANTERN": 1}, return_id=return_id)

    assert first == again
    assert await shop.stock("LANTERN") == (9, 0)
    assert (await shop.order(order_id)).refunded == Decimal("3.39")
    with pytest.raises(Refused, match="other content") as refused:
        await shop.take_back(order_id, {"LANTERN": 2}, return_id=return_id)
    assert refused.value.code == "return_exists"


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ({"BULB": 1}, "items_not_bought"),
        ({"LANTERN": 3}, "more_than_bought"),
        ({"LANTERN": 1, "BULB": 1}, "items_not_bought"),
    ],
)
@pytest.mark.asyncio
async def test_only_what_was_bought_can_come_back(
    shop: Shop, items: dict[str, int], code: str
) -> None:
    order_id = await shop.place({"LANTERN": 2})
    with pytest.raises(Refused) as refused:
        await shop.take_back(order_id, items)

    assert refused.value.code == code
    assert await shop.stock("LANTERN") == (8, 0)


@pytest.mark.asyncio
async def test_what_came_back_cannot_come_back_again(shop: Shop) -> None:
    order_id = await shop.place({"LANTERN": 2})
    await shop.take_back(order_id, {"LANTERN": 2})
    with pytest.raises(Refused) as refused:
        await shop.take_back(order_id, {"LANTERN": 1})

    assert refused.value.code == "more_than_bought"


@pytest.mark.asyncio
async def test_only_a_confirmed_order_takes_items_back(shop: Shop) -> None:
    rejected = await shop.place({"GHOST": 1})
    with pytest.raises(Refused) as not_confirmed:
        await shop.take_back(rejected, {"GHOST": 1})
    with pytest.raises(Refused) as unknown:
        await shop.take_back(uuid4(), {"GHOST": 1})

    codes = (not_confirmed.value.code, unknown.value.code)
    assert codes == ("order_not_confirmed", "order_not_found")


@pytest.mark.asyncio
async def test_free_goods_come_back_without_a_refund(shop: Shop) -> None:
    await shop.receive(FLYER=5)
    order_id = await shop.place({"FLYER": 3})
    accepted = await shop.take_back(order_id, {"FLYER": 2})

    assert accepted.refund == Decimal("0.00")
    assert await shop.stock("FLYER") == (4, 0)
    assert await shop.told(order_id) == ["order_confirmed"]
    assert shop.nothing_failed()


@pytest.mark.asyncio
async def test_a_refund_waits_for_the_provider_and_is_made_once(shop: Shop) -> None:
    order_id = await shop.place({"LANTERN": 2})
    shop.provider.away = True
    await shop.take_back(order_id, {"LANTERN": 1})
    assert (await shop.order(order_id)).refunded == Decimal("0.00")

    shop.provider.away = False
    await shop.harness.advance(hours=1)
    assert (await shop.order(order_id)).refunded == Decimal("3.39")
    assert shop.nothing_failed()
