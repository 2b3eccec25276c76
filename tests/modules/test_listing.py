"""Lists of orders can be paged through while new ones come in."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from amphibus import Refused
from amphibus.access.principal import Principal
from amphibus.access.scopes import EVERYTHING
from contracts.orders import v1 as orders
from tests.modules.shop import Shop

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def pages(shop: Shop, **fields: object) -> list[list[UUID]]:
    found: list[list[UUID]] = []
    cursor = None
    while not found or cursor:
        query = orders.ListOrders.model_validate({"limit": 2, "cursor": cursor, **fields})
        page = await shop.harness.ask(query)
        found.append([each.order_id for each in page.items])
        cursor = page.next_cursor
    return found


@pytest.mark.asyncio
async def test_pages_go_from_the_newest_to_the_oldest_and_miss_nothing(shop: Shop) -> None:
    placed = [
        await shop.place({"LANTERN": 1}, placed_at=NOON + timedelta(minutes=minute))
        for minute in (0, 1, 1, 2, 3)
    ]
    found = await pages(shop)

    assert [len(page) for page in found] == [2, 2, 1]
    flat = [order_id for page in found for order_id in page]
    assert sorted(flat) == sorted(placed)
    assert (flat[0], flat[1], flat[4]) == (placed[4], placed[3], placed[0])


@pytest.mark.asyncio
async def test_an_order_that_comes_in_between_two_pages_moves_nothing(shop: Shop) -> None:
    """A page number would show the last order of a page twice."""
    old = [await shop.place({"BULB": 1}, placed_at=NOON + timedelta(days=day)) for day in range(3)]
    first = await shop.harness.ask(orders.ListOrders(limit=2))
    await shop.place({"BULB": 1}, placed_at=NOON + timedelta(days=9))
    second = await shop.harness.ask(orders.ListOrders(limit=2, cursor=first.next_cursor))

    assert [each.order_id for each in second.items] == [old[0]]
    assert second.next_cursor is None


@pytest.mark.asyncio
async def test_orders_are_found_by_status_and_by_customer(shop: Shop) -> None:
    confirmed = await shop.place({"LANTERN": 1})
    rejected = await shop.place({"GHOST": 1})
    guest = await shop.place({"LANTERN": 1}, customer={"email": "eve@example.com"})
    shop.provider.away = True
    pending = await shop.place({"LANTERN": 1})

    assert await pages(shop, status="rejected") == [[rejected]]
    assert await pages(shop, status="pending") == [[pending]]
    assert await pages(shop, status="cancelled") == [[]]
    assert sorted(*await pages(shop, status="confirmed")) == sorted([confirmed, guest])
    assert not any(guest in page for page in await pages(shop, customer_id="C-1"))
    assert await pages(shop, customer_id="C-1", status="rejected") == [[rejected]]


@pytest.mark.parametrize("cursor", ["", "x", "bm9uc2Vuc2U=", "é", "A" * 200])
@pytest.mark.asyncio
async def test_a_cursor_that_was_not_given_out_is_refused(shop: Shop, cursor: str) -> None:
    with pytest.raises(Refused, match="leave `cursor` out") as refused:
        await shop.harness.ask(orders.ListOrders(cursor=cursor))

    assert refused.value.code == "invalid_cursor"


@pytest.mark.asyncio
async def test_a_cursor_is_good_for_its_filter_and_for_whoever_got_it(shop: Shop) -> None:
    for _ in range(2):
        await shop.place({"BULB": 1})
    ada, bob = (Principal(each, "user", scopes=EVERYTHING) for each in ("ada", "bob"))
    shop.harness.principal = ada
    cursor = (await shop.harness.ask(orders.ListOrders(limit=1))).next_cursor

    assert await _takes(shop, ada, cursor=cursor, limit=7)
    assert not await _takes(shop, ada, cursor=cursor, customer_id="C-1")
    assert not await _takes(shop, bob, cursor=cursor)


@pytest.mark.asyncio
async def test_a_cursor_outlives_a_restart(tmp_path: Path) -> None:
    async with Shop.opened(tmp_path) as before:
        for _ in range(2):
            await before.place({"BULB": 1})
        cursor = (await before.harness.ask(orders.ListOrders(limit=1))).next_cursor
    async with Shop.opened(tmp_path) as after:
        page = await after.harness.ask(orders.ListOrders(cursor=cursor))

    assert len(page.items) == 1


async def _takes(shop: Shop, principal: Principal, **fields: Any) -> bool:
    shop.harness.principal = principal
    try:
        await shop.harness.ask(orders.ListOrders(**fields))
    except Refused as refused:
        if refused.code != "invalid_cursor":
            raise
        return False
    return True
