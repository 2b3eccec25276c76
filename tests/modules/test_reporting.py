"""The sales report adds up, by the day on which an order was placed."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from contracts.orders import v1 as orders
from contracts.reporting import v1 as reporting
from tests.modules.shop import Shop

FIRST, SECOND = datetime(2026, 3, 1, 23, 59, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)


async def sales(shop: Shop, **days: object) -> list[tuple[object, ...]]:
    report = await shop.harness.ask(reporting.GetSales.model_validate(days))
    return [tuple(each.model_dump().values()) for each in report.days]


@pytest.mark.asyncio
async def test_orders_are_counted_on_the_day_they_were_placed(shop: Shop) -> None:
    confirmed = await shop.place({"LANTERN": 2}, placed_at=FIRST)
    await shop.place({"GHOST": 1}, placed_at=FIRST)
    await shop.place({"BULB": 2}, placed_at=SECOND, currency="EUR")
    shop.provider.away = True
    await shop.cancel(await shop.place({"LANTERN": 1}, placed_at=SECOND))
    shop.provider.away = False
    await shop.harness.advance(hours=1)
    for _ in range(2):
        await shop.take_back(confirmed, {"LANTERN": 1})

    nothing = Decimal("0.00")
    first = (date(2026, 3, 1), "GBP", 2, 1, 1, 0, Decimal("6.78"), Decimal("6.78"))
    euros = (date(2026, 3, 2), "EUR", 1, 1, 0, 0, Decimal("0.16"), nothing)
    pounds = (date(2026, 3, 2), "GBP", 1, 0, 0, 1, nothing, nothing)
    assert await sales(shop) == [first, euros, pounds]
    assert await sales(shop, to="2026-03-01") == [first]
    assert await sales(shop, **{"from": "2026-03-02"}) == [euros, pounds]
    assert await sales(shop, **{"from": "2026-03-03"}) == []


@pytest.mark.asyncio
async def test_the_report_does_not_depend_on_the_order_of_events(tmp_path: Path) -> None:
    """A rebuilt report is fed from the event log, and late replays come when they come."""
    example = orders.OrderConfirmed.contract_example or {}
    placed = orders.OrderPlaced.model_validate(example)
    confirmed = orders.OrderConfirmed.model_validate(example)
    reports = []
    for number, events in enumerate(((placed, confirmed), (confirmed, placed))):
        async with Shop.opened(tmp_path / str(number), modules=("reporting",)) as shop:
            for event in events:
                await shop.harness.publish(event)
            reports.append(await sales(shop))

    assert reports[0] == reports[1] != []


@pytest.mark.asyncio
async def test_an_event_told_twice_counts_once(tmp_path: Path) -> None:
    event = orders.OrderPlaced.model_validate(orders.OrderPlaced.contract_example)
    async with Shop.opened(tmp_path, modules=("reporting",)) as shop:
        for _ in range(2):
            await shop.harness.publish(event, message_id="the same")
        ((_, _, count, *_),) = await sales(shop)

    assert count == 1
