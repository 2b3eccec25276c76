"""`amphibus demo`: two orders from the click to the mail; `--outage`; `--month`."""

import asyncio
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple
from uuid import uuid4

from cyclopts import Parameter

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

Outage = Literal["payments", "broker"]
LANTERN: Final = "DEMO-LANTERN"
_PRICE: Final = "3.385"
QUANTITY: Final = 3
_COLOURS: Final = {"confirmed": GREEN, "rejected": YELLOW}


def demo(
    *,
    http: str | None = None,
    port: int | None = None,
    data_dir: client.DataDir = None,
    outage: Annotated[list[Outage] | None, Parameter(consume_multiple=(0, 1))] = None,
    month: bool = False,
    seed: int = 1,
    orders: int = 1_700,
) -> int:
    """Stock the shop, place two orders and show each message as it goes from module to module.

    It uses the shop that runs at --http or on the configured port; if none does, it starts one with
    a temporary data folder and stops it afterwards.

    Args:
        http: Address of a running shop, http://HOST:PORT.
        port: Port of a running shop on this machine, instead of --http.
        outage: Kill payments if a supervisor runs them, else a shop of its own that comes back
            without them: an order waits for them. --outage=broker: lose the broker of a shop of its own
            for ever: orders go on without it.
        month: Send a month of orders, and compare it with outcomes computed without the shop.
        seed: Seed of the month; the same seed makes the same month.
        orders: Number of orders in the month.
    """
    http = _address(http, port)
    if month:
        from demo.month import show_month

        return asyncio.run(show_month(http, seed=seed, orders=orders))
    if outage == ["broker"]:
        from demo.broker_outage import show_broker_outage

        return asyncio.run(show_broker_outage())
    if outage is not None:
        from demo.outage import show_outage

        return asyncio.run(show_outage(http, data_dir))
    return asyncio.run(_two_orders(http, data_dir))


def _address(http: str | None, port: int | None) -> str | None:
    if port is None:
        return http
    if http is not None:
        raise CommandError(
            "which shop?",
            "--http and --port name one each",
            f"amphibus demo --http {http}",
            Exit.USAGE,
        )
    return client.local_url(client.settings().host, port)


async def _two_orders(http: str | None, given: Path | None) -> int:
    async with some_shop(http, given) as stage:
        await stage.shop.receive({LANTERN: 100})
        print(f"stocked  100 x {LANTERN}")
        await _price(stage)
        first = await show_order(stage.shop, stage.data_dir, APPROVED)
        second = await show_order(stage.shop, stage.data_dir, DECLINED)
    confirmed = first["status"] == "confirmed"
    declined = (second["status"], second["reasons"]) == ("rejected", ["payment_declined"])
    if not (confirmed and declined):
        raise CommandError(
            "the orders did not end as they should",
            f"confirmed and rejected were expected, not {first['status']} and {second['status']}",
            "amphibus dead list",
        )
    print("2 orders, both decided; every message above is kept in a module's own database")
    print(typed(_next(stage, given, second["order_id"])))
    if link := _story(stage, given, second["order_id"]):
        print(f"console  {link}")
    return 0


async def _price(stage: "Stage") -> None:
    """Sets the price and waits, where its messages can be seen, until it is known to whoever sells."""
    await stage.shop.price(LANTERN, _PRICE)
    if stage.data_dir is not None:
        await follow(stage.data_dir, LANTERN, tell=lambda _line: None)
    print(f"priced   {LANTERN} at {_PRICE} GBP\n")


def _story(stage: "Stage", given: Path | None, order_id: str) -> str | None:
    """The address of the order's story in the console, where there is one that we may let people into."""
    if not stage.running or (stage.data_dir is None and not _on_a_server(given)):
        return None
    return client.console_link(stage.shop.url, given, f"/stories?q={order_id}")


def _next(stage: "Stage", given: Path | None, order_id: str) -> str:
    if not stage.running:
        return "next     amphibus run"
    if stage.data_dir is None and not _on_a_server(given):
        return f"see      curl {stage.shop.url}/v1/orders/{order_id}"
    where = f" --data-dir {shlex.quote(str(given))}" if given else ""
    return f"see      amphibus logs --key {order_id}{where}"


class Stage(NamedTuple):
    """The shop that the demo plays in."""

    shop: Shop
    data_dir: Path | None
    """Where its databases are; None if on a server, or in a folder that nobody named."""
    running: bool
    """False for one that was started for the demo."""


@asynccontextmanager
async def some_shop(http: str | None, given: Path | None) -> AsyncIterator[Stage]:
    """Yields the running shop, or one of our own.

    Raises:
        CommandError: nobody answers at the address that was given.
    """
    url = client.base_url(http)
    if await answers(url):
        print(f"shop     {url} (running)")
        async with visiting(url) as shop:
            yield Stage(shop, folder_of(given, url), running=True)
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
            yield Stage(shop, own.data_dir, running=False)


def _on_a_server(given: Path | None) -> bool:
    return given is None and client.settings().db_url is not None


def folder_of(given: Path | None, url: str) -> Path | None:
    """The folder with this shop's databases: the named one, or the configured one if it is not another shop's."""
    if _on_a_server(given):
        return None
    folder = client.data_dir(given)
    noted = None if given else client.noted_address(folder)
    return folder if noted is None or client.same_place(noted.url, url) else None


async def show_order(shop: Shop, data_dir: Path | None, token: str) -> Json:
    """Places an order and prints its way; returns it."""
    order_id = str(uuid4())
    print(f"order    {order_id}  {QUANTITY} x {LANTERN} at {_PRICE}, card {token}")
    posting = asyncio.create_task(shop.post("/v1/orders", order_of(order_id, token)))
    told = await follow(data_dir, order_id, tell=print) if data_dir else None
    if told is None:
        print(f"         its messages are {_where(data_dir)}")
    await posting
    order = await shop.decided(order_id)
    show_outcome(order, told)
    return order


def _where(data_dir: Path | None) -> str:
    if data_dir is not None:
        return f"not in {data_dir}; --data-dir names another folder"
    on_a_server = client.settings().db_url is not None
    return "on a server" if on_a_server else "in that shop's own folder, which --data-dir names"


def show_outcome(order: Json, told: Followed | None) -> None:
    """Prints one line: how the order ended, and how long that took."""
    status = paint(order["status"].upper(), BOLD, _COLOURS.get(order["status"], YELLOW))
    reasons = f" ({', '.join(order['reasons'])})" if order["reasons"] else ""
    took = f"  {told.counted} in {told.milliseconds:.0f} ms" if told else ""
    print(f"         {status}{reasons}  {order['total']} {order['currency']}{took}\n")


def order_of(order_id: str, token: str) -> Json:
    """Makes a small order: its total needs rounding, half a cent to the even one."""
    return {
        "order_id": order_id,
        "customer": {"customer_id": "C-1001", "email": "ada@example.com"},
        "currency": "GBP",
        "lines": [{"sku": LANTERN, "quantity": QUANTITY, "unit_price": _PRICE}],
        "payment_token": token,
        "reference": "DEMO",
    }
