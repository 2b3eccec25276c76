"""`amphibus demo --outage=broker`: a broker is lost for ever, the shop goes on without it, and over a new one."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import uuid4

import httpx

from amphibus import client
from amphibus.client import BOLD, GREEN, CommandError, Exit, Instance, instance, paint
from demo.shop import APPROVED, Shop, visiting
from demo.story import LANTERN, QUANTITY, order_of

_FALLBACK_SECONDS: Final = 3
_RETURN_SECONDS: Final = 5
"""The defaults are 15 and 60 seconds: a system in earnest has more patience."""
_CHANGED_WITHIN_SECONDS: Final = 90.0
_LOOK_SECONDS: Final = 0.1
_DIRECTLY: Final = "messages go directly"
_STOCK: Final = 100
_ORDERS: Final = 3


async def show_broker_outage() -> int:
    """Places orders while the broker of a shop of its own is there, lost with its disk, and there again, empty.

    Raises:
        CommandError: RabbitMQ is not installed, the messages did not change their way, or an order was not confirmed.
    """
    async with client.own_broker() as broker:
        print("broker   a RabbitMQ node, started for the demo")
        async with instance(client.root()) as shop:
            await _start(shop, broker.url)
            async with visiting(shop.url) as customer:
                await customer.receive({LANTERN: _STOCK})
                await _confirmed(customer, await _placed(customer), "over the broker")
                await broker.lose()
                print("broker   kill -9, and its data folder deleted")
                waiting = await _placed(customer)
                await _changed(shop.url, f"the same processes, {_DIRECTLY}", _past_it)
                await _confirmed(customer, waiting, "without a broker")
                await broker.start()
                print("broker   started again, empty")
                await _changed(shop.url, "messages go over the broker again", _over_it)
                await _confirmed(customer, await _placed(customer), "over the new broker")
                await _counted(customer)
    print(f"1 broker lost for ever, {_ORDERS} orders, nothing lost, nothing done twice")
    return 0


async def _start(shop: Instance, broker_url: str) -> None:
    seconds = await shop.start(
        (),
        *("--all", "--amqp", broker_url),
        AMPHIBUS_BUS__FALLBACK_AFTER_SECONDS=f"{_FALLBACK_SECONDS}",
        AMPHIBUS_BUS__RETURN_AFTER_SECONDS=f"{_RETURN_SECONDS}",
    )
    print(
        f"shop     {shop.url} (started for the demo in {seconds:.1f} s), a process for each module"
    )


async def _placed(customer: Shop) -> str:
    """Places an order; it is tried until it is accepted."""
    order_id = str(uuid4())

    async def accepted() -> bool:
        try:
            order = order_of(order_id, APPROVED)
            return await customer.status("/v1/orders", order, order_id) == httpx.codes.ACCEPTED
        except CommandError:
            return False

    await _until(accepted, f"order {order_id} was not accepted")
    print(f"order    {order_id}  accepted")
    return order_id


async def _confirmed(customer: Shop, order_id: str, how: str) -> None:
    async def confirmed() -> bool:
        try:
            order = await customer.order(order_id)
        except CommandError:
            return False
        return bool(order["status"] == "confirmed")

    await _until(confirmed, f"order {order_id} was not confirmed")
    print(f"order    {order_id}  {paint('CONFIRMED', BOLD, GREEN)}  {how}")


async def _changed(url: str, words: str, has: Callable[[httpx.Response], bool]) -> None:
    began = time.perf_counter()

    async def changed() -> bool:
        try:
            async with httpx.AsyncClient(timeout=2.0, trust_env=False) as probe:
                return has(await probe.get(f"{url}/readyz"))
        except httpx.HTTPError:
            return False

    await _until(changed, "the messages did not change their way")
    print(f"shop     {words}, after {time.perf_counter() - began:.1f} s")


def _past_it(ready: httpx.Response) -> bool:
    return ready.is_success and _DIRECTLY in ready.text


def _over_it(ready: httpx.Response) -> bool:
    return ready.is_success and _DIRECTLY not in ready.text


async def _counted(customer: Shop) -> None:
    due = _STOCK - _ORDERS * QUANTITY

    async def shipped() -> bool:
        left = await customer.stock(LANTERN)
        return left is not None and left["on_hand"] == due

    # An order is confirmed before its goods have left.
    await _until(shipped, f"the stock of {LANTERN} is not {due}, as it should be")


async def _until(fact: Callable[[], Awaitable[bool]], failed: str) -> None:
    ends = time.perf_counter() + _CHANGED_WITHIN_SECONDS
    while not await fact():
        if time.perf_counter() > ends:
            raise CommandError(
                failed,
                f"not within {_CHANGED_WITHIN_SECONDS:g} s",
                "amphibus demo --outage=broker",
                Exit.TIMEOUT,
            )
        await asyncio.sleep(_LOOK_SECONDS)
