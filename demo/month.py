"""`amphibus demo --month`: sends a month of orders over HTTP, and compares everything at the end."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from amphibus import client
from amphibus.client import (
    GREEN,
    RED,
    CommandError,
    Exit,
    instance,
    paint,
    progress,
    show_columns,
    start_of,
)
from demo.month_check import Checker, Comparison, compare_books
from demo.month_data import Month, make_month
from demo.oracle import Prophecy, foretell
from demo.shop import Json, Shop, answers, visiting

_AT_ONCE: Final = 16
_TRIES: Final = 50
_AWAY: Final = 503


async def show_month(http: str | None, *, seed: int, orders: int) -> int:
    """Sends the month of a seed and compares; returns 1 if anything differs."""
    month = make_month(seed, orders)
    prophecy = foretell(month)
    fates = Counter(fate.status for fate in prophecy.orders.values())
    print(
        f"month    seed {seed}: {orders:,} orders, of which {fates['confirmed']:,} must be confirmed, "
        f"{fates['rejected']:,} rejected and {fates['invalid']:,} are invalid"
    )
    async with _shop(http) as (shop, data_dir):
        for receipt in month.receipts:
            await shop.post("/v1/stock/receipts", receipt)
        began = time.perf_counter()
        answered = await _place(shop, month)
        seconds = time.perf_counter() - began
        await _give_back(shop, month)
        results = await _compare(shop, data_dir, month, prophecy)
    results.insert(0, _compare_answers(answered, prophecy))
    return _tell(results, orders, seconds)


@asynccontextmanager
async def _shop(http: str | None) -> AsyncIterator[tuple[Shop, Path | None]]:
    """Yields the named shop, else one of our own, since nothing but the compared orders may be in it."""
    if http is not None:
        if not await answers(http.rstrip("/")):
            raise CommandError(
                f"no shop answers at {http}",
                "GET /readyz was not answered with 200 there; without --http the month has a shop of its own",
                start_of(http),
                Exit.UNREACHABLE,
            )
        async with visiting(http.rstrip("/")) as shop:
            yield shop, None
        return
    async with instance(client.root()) as own:
        seconds = await own.start()
        print(f"shop     {own.url} (started for the demo in {seconds:.1f} s)")
        async with visiting(own.url) as shop:
            yield shop, own.data_dir


async def _place(shop: Shop, month: Month) -> dict[str, int]:
    """Places all orders; returns the status of the last answer to each."""
    answered: dict[str, int] = {}
    advance, close = progress(len(month.orders), "orders")

    async def order(data: Json) -> None:
        for _ in range(2 if data["order_id"] in month.twice else 1):
            answered[data["order_id"]] = await _posted(shop, "/v1/orders", data, data["order_id"])
        advance(1)

    await _at_once(month.orders, order)
    close()
    return answered


async def _give_back(shop: Shop, month: Month) -> None:
    """Returns the month's returns, each once its order is decided."""
    advance, close = progress(len(month.returns), "returns")

    async def give_back(data: Json) -> None:
        await shop.decided(data["order_id"])
        path = f"/v1/orders/{data['order_id']}/returns"
        await _posted(shop, path, data, data["return_id"])
        advance(1)

    await _at_once(month.returns, give_back)
    close()


async def _posted(shop: Shop, path: str, data: Json, key: str) -> int:
    """Posts again while the shop says that it cannot at the moment: the key makes that safe."""
    for pause in range(_TRIES):
        status = await shop.status(path, data, key)
        if status != _AWAY:
            return status
        await asyncio.sleep(min(1.0, 0.05 * (pause + 1)))
    return _AWAY


async def _at_once(items: Iterable[Json], one: Callable[[Json], Awaitable[None]]) -> None:
    rest = iter(items)

    async def work() -> None:
        for item in rest:
            await one(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(_AT_ONCE):
            group.create_task(work())


async def _compare(
    shop: Shop, data_dir: Path | None, month: Month, prophecy: Prophecy
) -> list[Comparison]:
    total = 3 * len(prophecy.orders) + len(prophecy.stock) + 1
    advance, close = progress(total, "comparing")
    checker = Checker(shop, advance)
    results = [
        await checker.orders(prophecy.orders.items()),
        await checker.payments(prophecy.orders.items()),
        await checker.stock(prophecy.stock.items()),
        await checker.mails(prophecy.orders.items()),
        await checker.days(month, prophecy),
        compare_books(data_dir, prophecy),
    ]
    close()
    return results


def _compare_answers(answered: dict[str, int], prophecy: Prophecy) -> Comparison:
    """Checks that valid orders are accepted and invalid ones refused."""
    result = Comparison("answer")
    for order_id, fate in prophecy.orders.items():
        result.take(order_id, 422 if fate.status == "invalid" else 202, answered.get(order_id))
    return result


def _tell(results: list[Comparison], orders: int, seconds: float) -> int:
    print()
    show_columns(
        ("WHAT", "COMPARED", "DIFFERENT"),
        [
            (each.what, f"{each.compared:,}", each.skipped or f"{len(each.differences):,}")
            for each in results
        ],
    )
    for each in results:
        for line in each.shown():
            print(paint(line, RED))
    different = sum(len(each.differences) for each in results)
    verdict = paint("all as foretold", GREEN) if not different else paint("different", RED)
    speed = f"{orders:,} orders accepted in {seconds:.1f} s, {orders / seconds:,.0f} orders/s"
    print(f"\n{verdict}; {speed}")
    return Exit.FAILED if different else Exit.OK
