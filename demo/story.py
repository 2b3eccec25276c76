"""`amphibus demo`: two orders from the click to the mail; `--outage`; `--month`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

from amphibus import client
from amphibus.client import (
    BOLD,
    GREEN,
    YELLOW,
    CommandError,
    Exit,
    Followed,
    follow,
    instance,
    paint,
    start_of,
    typed,
)
from demo.shop import APPROVED, DECLINED, Json, Shop, answers, visiting

LANTERN: Final = "DEMO-LANTERN"
_PRICE: Final = "3.385"
_QUANTITY: Final = 3
_COLOURS: Final = {"confirmed": GREEN, "rejected": YELLOW}


def demo(
    *,
    http: str | None = None,
    data_dir: client.DataDir = None,
    outage: bool = False,
    month: bool = False,
    seed: int = 1,
    orders: int = 1_700,
) -> int:
    """Stock the shop, place two orders and show each message as it goes from module to module.

    It uses the shop that runs at --http or on the configured port; if none does, it starts one with
    a temporary data folder and stops it afterwards.

    Args:
        http: Address of a running shop, http://HOST:PORT.
        outage: Kill payments if a supervisor runs them, else a shop of its own that comes back
            without them: an order waits for them.
        month: Send a month of orders, and compare it with outcomes computed without the shop.
        seed: Seed of the month; the same seed makes the same month.
        orders: Number of orders in the month.
    """
    if month:
        from demo.month import show_month

        return asyncio.run(show_month(http, seed=seed, orders=orders))
    if outage:
        from demo.outage import show_outage

        return asyncio.run(show_outage(http, data_dir))
    return asyncio.run(_two_orders(http, data_dir))


async def _two_orders(http: str | None, given: Path | None) -> int:
    async with some_shop(http, given) as (shop, data_dir):
        running = data_dir == _folder(given)
        await shop.receive({LANTERN: 100})
        print(f"stocked  100 x {LANTERN}\n")
        first = await show_order(shop, data_dir, APPROVED)
        second = await show_order(shop, data_dir, DECLINED)
    confirmed = first["status"] == "confirmed"
    declined = (second["status"], second["reasons"]) == ("rejected", ["payment_declined"])
    if not (confirmed and declined):
        raise CommandError(
            "the orders did not end as they should",
            f"confirmed and rejected were expected, not {first['status']} and {second['status']}",
            "amphibus dead list",
        )
    print("2 orders, both decided; every message above is kept in a module's own database")
    see = f"see      amphibus logs --key {second['order_id']}"
    print(typed(see if running else "next     amphibus run"))
    return 0


@asynccontextmanager
async def some_shop(
    http: str | None, given: Path | None
) -> AsyncIterator[tuple[Shop, Path | None]]:
    """Yields the running shop, or one of our own; with its data folder, if it has one.

    Raises:
        CommandError: nobody answers at the address that was given.
    """
    url = client.base_url(http)
    if await answers(url):
        print(f"shop     {url} (running)")
        async with visiting(url) as shop:
            yield shop, _folder(given)
        return
    if http is not None:
        raise CommandError(
            f"no shop answers at {url}",
            "GET /readyz was not answered with 200 there; without --http the demo starts a shop of its own",
            start_of(url),
            Exit.UNREACHABLE,
        )
    async with instance(client.root()) as own:
        seconds = await own.start()
        print(f"shop     {own.url} (started for the demo in {seconds:.1f} s)")
        async with visiting(own.url) as shop:
            yield shop, own.data_dir


def _folder(given: Path | None) -> Path | None:
    """Where the databases are; None if they are on a server."""
    if given is None and client.settings().db_url is not None:
        return None
    return client.data_dir(given)


async def show_order(shop: Shop, data_dir: Path | None, token: str) -> Json:
    """Places an order and prints its way; returns it."""
    order_id = str(uuid4())
    print(f"order    {order_id}  {_QUANTITY} x {LANTERN} at {_PRICE}, card {token}")
    posting = asyncio.create_task(shop.post("/v1/orders", order_of(order_id, token)))
    told = await follow(data_dir, order_id, tell=print) if data_dir else None
    if told is None:
        where = f"not in {data_dir}; --data-dir names another folder" if data_dir else "on a server"
        print(f"         its messages are {where}")
    await posting
    order = await shop.decided(order_id)
    show_outcome(order, told)
    return order


def show_outcome(order: Json, told: Followed | None) -> None:
    """Prints one line: how the order ended, and how long that took."""
    status = paint(order["status"].upper(), BOLD, _COLOURS.get(order["status"], YELLOW))
    reasons = f" ({', '.join(order['reasons'])})" if order["reasons"] else ""
    took = f"  {told.hops} messages in {told.milliseconds:.0f} ms" if told else ""
    print(f"         {status}{reasons}  {order['total']} {order['currency']}{took}\n")


def order_of(order_id: str, token: str) -> Json:
    """Makes a small order: its total needs rounding, half a cent to the even one."""
    return {
        "order_id": order_id,
        "customer": {"customer_id": "C-1001", "email": "ada@example.com"},
        "currency": "GBP",
        "lines": [{"sku": LANTERN, "quantity": _QUANTITY, "unit_price": _PRICE}],
        "payment_token": token,
        "reference": "DEMO",
    }
