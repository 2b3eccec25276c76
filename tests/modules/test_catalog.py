"""The catalogue sets prices; orders have a copy of their own, which is right whatever happened meanwhile."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest

from amphibus import Refused
from contracts.catalog import v1 as catalog
from contracts.orders import v1 as orders
from tests.modules.shop import Shop

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_MANY = 230
"""More prices than are published again in two transactions."""


def order_of(*skus: str, currency: str = "GBP") -> orders.PlaceOrder:
    """An order of a piece of each, which says no price."""
    return orders.PlaceOrder.model_validate(
        {
            "order_id": uuid4(),
            "customer": {"email": "ada@example.com"},
            "currency": currency,
            "lines": [{"sku": sku, "quantity": 1} for sku in skus],
            "payment_token": "tok_visa",
        }
    )


async def prices_of(shop: Shop, order: orders.PlaceOrder) -> list[str]:
    """What each line of an order costs, digit by digit; a line that is none where it is refused."""
    try:
        await shop.harness.request(order)
    except Refused as refused:
        return [refused.code]
    assert order.order_id is not None
    return [str(line.unit_price) for line in (await shop.order(order.order_id)).lines]


async def price_of(shop: Shop, sku: str, currency: str = "GBP") -> str:
    (price,) = await prices_of(shop, order_of(sku, currency=currency))
    return price


async def listed(shop: Shop, limit: int = 200) -> list[list[tuple[str, str, str]]]:
    """The pages of the list."""
    pages: list[list[tuple[str, str, str]]] = []
    cursor = None
    while not pages or cursor:
        page = await shop.harness.ask(catalog.ListPrices(limit=limit, cursor=cursor))
        pages.append([(each.sku, each.currency, str(each.unit_price)) for each in page.items])
        cursor = page.next_cursor
    return pages


@pytest.mark.asyncio
async def test_the_last_price_that_was_set_holds(shop: Shop) -> None:
    for price in ("3.39", "4.00", "3.50"):
        await shop.price("LANTERN", price)

    assert await listed(shop) == [[("LANTERN", "GBP", "3.50")]]
    assert await price_of(shop, "LANTERN") == "3.50"


@pytest.mark.asyncio
async def test_a_price_that_was_set_after_the_clock_went_back_holds(shop: Shop) -> None:
    await shop.price("LANTERN", "3.39")
    shop.harness.clock.advance(timedelta(minutes=-1))
    await shop.price("LANTERN", "4.00")

    assert await price_of(shop, "LANTERN") == "4.00"


@pytest.mark.asyncio
async def test_each_currency_has_a_price_of_its_own(shop: Shop) -> None:
    await shop.price("LANTERN", "3.39")
    await shop.price("LANTERN", "4.10", "EUR")

    assert await price_of(shop, "LANTERN") == "3.39"
    assert await price_of(shop, "LANTERN", "EUR") == "4.10"
    assert await price_of(shop, "LANTERN", "USD") == "price_unknown"


@pytest.mark.asyncio
async def test_an_order_that_was_placed_keeps_its_price(shop: Shop) -> None:
    await shop.price("LANTERN", "3.39")
    order = order_of("LANTERN")
    await shop.harness.request(order)
    await shop.price("LANTERN", "9.99")

    assert await prices_of(shop, order) == ["3.39"]


@pytest.mark.asyncio
async def test_the_list_goes_by_sku_and_currency_page_by_page(shop: Shop) -> None:
    for sku, currency in (("b", "GBP"), ("B", "GBP"), ("a", "USD"), ("a", "EUR")):
        await shop.price(sku, "1.00", currency)

    assert await listed(shop, limit=3) == [
        [("B", "GBP", "1.00"), ("a", "EUR", "1.00"), ("a", "USD", "1.00")],
        [("b", "GBP", "1.00")],
    ]


@pytest.mark.asyncio
async def test_orders_are_priced_while_the_catalogue_is_away(tmp_path: Path) -> None:
    async with Shop.opened(tmp_path) as shop:
        await shop.price("LANTERN", "3.39")
    async with Shop.opened(tmp_path, modules=("gateway", "orders")) as shop:
        assert await price_of(shop, "LANTERN") == "3.39"


@pytest.mark.asyncio
async def test_a_price_that_was_set_while_orders_were_away_arrives(tmp_path: Path) -> None:
    async with Shop.opened(tmp_path, modules=("gateway", "catalog")) as shop:
        await shop.price("LANTERN", "3.39")
    async with Shop.opened(tmp_path, modules=("gateway", "orders")) as shop:
        assert await price_of(shop, "LANTERN") == "price_unknown"
    async with Shop.opened(tmp_path) as shop:
        await shop.harness.settle()
        assert await price_of(shop, "LANTERN") == "3.39"


@pytest.mark.asyncio
async def test_an_older_price_that_comes_later_replaces_nothing(tmp_path: Path) -> None:
    """As when kept events are sent again to orders whose inbox has forgotten them."""
    async with Shop.opened(tmp_path, modules=("orders",)) as shop:
        for price, minute in (("3.39", 0), ("4.00", 2), ("3.50", 1), ("3.39", 0)):
            told = catalog.PriceSet(
                sku="LANTERN",
                currency="GBP",
                unit_price=Decimal(price),
                set_at=NOON + timedelta(minutes=minute),
            )
            await shop.harness.publish(told)
        assert await price_of(shop, "LANTERN") == "4.00"


@pytest.mark.asyncio
async def test_orders_without_their_store_get_every_price_again(tmp_path: Path) -> None:
    """Events are not kept for ever: the catalogue publishes what it has."""
    async with Shop.opened(tmp_path) as shop:
        await shop.harness.send(
            *(
                catalog.SetPrice(sku=f"S-{number}", currency="GBP", unit_price=Decimal(number))
                for number in range(_MANY)
            )
        )
        await shop.harness.settle()
    for file in tmp_path.glob("orders.db*"):
        file.unlink()
    async with Shop.opened(tmp_path) as shop:
        assert await price_of(shop, "S-0") == "price_unknown"
        await shop.harness.send(catalog.PublishPrices())
        await shop.harness.settle()

        assert shop.nothing_failed()
        order = order_of(*(f"S-{number}" for number in range(_MANY)))
        assert await prices_of(shop, order) == [str(number) for number in range(_MANY)]
