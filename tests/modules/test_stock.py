"""Stock is never sold twice and never negative; orders get all of it or none."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from amphibus import Refused
from contracts.inventory import v1 as inventory
from tests.modules.shop import Shop


@pytest_asyncio.fixture
async def shop(transport: str, stocked: Path, tmp_path: Path) -> AsyncIterator[Shop]:
    """The inventory module alone, with ten lanterns and a hundred bulbs."""
    folder = tmp_path / "var"
    shutil.copytree(stocked, folder)
    async with Shop.opened(folder, transport=transport, modules=("inventory",)) as shop:
        yield shop


def lines_of(*items: tuple[str, int]) -> tuple[inventory.StockLine, ...]:
    return tuple(inventory.StockLine(sku=sku, quantity=quantity) for sku, quantity in items)


async def reserve(shop: Shop, *items: tuple[str, int]) -> UUID:
    order_id = uuid4()
    await shop.harness.send(inventory.ReserveStock(order_id=order_id, lines=lines_of(*items)))
    await shop.harness.settle()
    return order_id


@pytest.mark.asyncio
async def test_repeated_skus_of_an_order_add_up(shop: Shop) -> None:
    short = await reserve(shop, ("LANTERN", 6), ("LANTERN", 5))
    enough = await reserve(shop, ("LANTERN", 6), ("LANTERN", 4))

    await shop.harness.expect(inventory.StockUnavailable, order_id=short, skus=("LANTERN",))
    await shop.harness.expect(inventory.StockReserved, order_id=enough)
    assert await shop.stock("LANTERN") == (10, 10)


@pytest.mark.asyncio
async def test_all_lines_are_reserved_or_none(shop: Shop) -> None:
    order_id = await reserve(shop, ("BULB", 5), ("LANTERN", 11), ("GHOST", 1))

    await shop.harness.expect(
        inventory.StockUnavailable, order_id=order_id, skus=("GHOST", "LANTERN")
    )
    assert await shop.stock("BULB") == (100, 0)


@pytest.mark.asyncio
async def test_what_is_reserved_cannot_be_reserved_again(shop: Shop) -> None:
    first, second = await reserve(shop, ("LANTERN", 7)), await reserve(shop, ("LANTERN", 4))

    await shop.harness.expect(inventory.StockReserved, order_id=first)
    await shop.harness.expect(inventory.StockUnavailable, order_id=second)


@pytest.mark.asyncio
async def test_releasing_twice_or_without_a_reservation_changes_nothing(shop: Shop) -> None:
    order_id = await reserve(shop, ("LANTERN", 7))
    for each in (order_id, order_id, uuid4()):
        await shop.harness.send(inventory.ReleaseStock(order_id=each))
    await shop.harness.settle()

    assert await shop.stock("LANTERN") == (10, 0)
    assert shop.nothing_failed()


@pytest.mark.asyncio
async def test_a_receipt_is_booked_once_and_another_of_its_id_is_refused(shop: Shop) -> None:
    receipt_id = uuid4()
    for quantity in (5, 5, 6):
        lines = lines_of(("LANTERN", quantity))
        await shop.harness.send(inventory.ReceiveStock(receipt_id=receipt_id, lines=lines))
    await shop.harness.settle()

    assert await shop.stock("LANTERN") == (15, 0)
    assert [each["outcome"] for each in shop.harness.inbox("inventory")[-3:]].count("refused") == 1


@pytest.mark.asyncio
async def test_two_thousand_lines_are_reserved_and_shipped(shop: Shop) -> None:
    """The largest order that the contract allows must not be the one that fails."""
    items = [(f"SKU-{number}", 3) for number in range(2000)]
    lines = lines_of(*items)
    await shop.harness.send(inventory.ReceiveStock(receipt_id=uuid4(), lines=lines))
    order_id = await reserve(shop, *items)
    await shop.harness.send(inventory.ShipStock(order_id=order_id))
    await shop.harness.settle()

    assert await shop.stock("SKU-1999") == (0, 0)
    assert shop.nothing_failed()


@pytest.mark.asyncio
async def test_the_stock_of_an_unknown_sku_is_not_found(shop: Shop) -> None:
    with pytest.raises(Refused) as refused:
        await shop.stock("NEVER SEEN")

    assert refused.value.code == "sku_not_found"
