"""The usual stories of the shop. None knows what carries its messages."""

from collections.abc import Awaitable, Callable
from typing import Final

from tests.modules.shop import Shop

DECLINED: Final = "tok_chargeDeclined"
Story = Callable[[Shop], Awaitable[None]]


async def confirmed(shop: Shop) -> None:
    """Stock and payment are there."""
    await shop.place({"LANTERN": 2, "BULB": 12})


async def out_of_stock(shop: Shop) -> None:
    """Of one of its items there is not enough."""
    await shop.place({"LANTERN": 11, "BULB": 1})


async def declined(shop: Shop) -> None:
    """The card is no good."""
    await shop.place({"LANTERN": 2}, token=DECLINED)


async def out_of_stock_and_declined(shop: Shop) -> None:
    """Neither is there."""
    await shop.place({"LANTERN": 11}, token=DECLINED)


async def cancelled(shop: Shop) -> None:
    """The customer changes their mind while the payment is on its way."""
    shop.provider.away = True
    order_id = await shop.place({"LANTERN": 2})
    await shop.cancel(order_id)
    shop.provider.away = False
    await shop.harness.advance(hours=1)


async def payment_timeout(shop: Shop) -> None:
    """The provider is away for longer than the shop waits."""
    shop.provider.away = True
    await shop.place({"LANTERN": 2})
    await shop.harness.advance(hours=25)
    shop.provider.away = False
    await shop.harness.advance(hours=1)


async def returned_and_refunded(shop: Shop) -> None:
    """Some comes back, then the rest."""
    order_id = await shop.place({"LANTERN": 2, "BULB": 12})
    await shop.take_back(order_id, {"LANTERN": 1})
    await shop.take_back(order_id, {"LANTERN": 1, "BULB": 12})


async def zero_total(shop: Shop) -> None:
    """It costs nothing, so nobody is asked to pay."""
    await shop.receive(FLYER=5)
    await shop.place({"FLYER": 5})


async def outage(shop: Shop) -> None:
    """The provider is away for some hours, and the orders wait for it."""
    shop.provider.away = True
    await shop.place({"LANTERN": 1})
    await shop.place({"BULB": 1}, token=DECLINED)
    await shop.harness.advance(hours=3)
    shop.provider.away = False
    await shop.harness.advance(hours=1)


STORIES: Final[dict[str, Story]] = {
    story.__name__: story
    for story in (
        confirmed,
        out_of_stock,
        declined,
        out_of_stock_and_declined,
        cancelled,
        payment_timeout,
        returned_and_refunded,
        zero_total,
        outage,
    )
}
