"""`amphibus demo --outage`: kills payments, places an order that waits for them, and brings them back."""

import asyncio
from pathlib import Path
from typing import Final
from uuid import uuid4

from amphibus import client
from amphibus.client import (
    BOLD,
    YELLOW,
    CommandError,
    Followed,
    Instance,
    follow,
    instance,
    paint,
    supervised_process,
    taken_down,
)
from demo.shop import APPROVED, Json, answers, visiting
from demo.story import LANTERN, order_of, show_outcome

AWAY: Final = "payments"
_BACK_WITHIN_SECONDS: Final = 60.0


async def show_outage(http: str | None, given: Path | None) -> int:
    """Kills payments, places an order that waits for them, and brings them back.

    If a supervisor runs payments as a process of their own, the demo kills that process; otherwise it
    kills a shop of its own, in one process, which comes back without payments.

    Raises:
        CommandError: the order did not wait, or was not confirmed afterwards.
    """
    url, data_dir = client.base_url(http), client.data_dir(given)
    if supervised_process(data_dir, AWAY) is not None and await answers(url):
        return await _outage_of_process(url, data_dir)
    return await _outage_of_shop()


async def _outage_of_process(url: str, data_dir: Path) -> int:
    order_id = str(uuid4())
    print(f"shop     {url} (running)")
    async with visiting(url) as customer:
        await customer.receive({LANTERN: 100})
    async with taken_down(data_dir, AWAY) as pid:
        print(f"process  {pid}: kill -9, so that {AWAY} are away")
        seen = await _waits(url, data_dir, order_id)
    print(f"process  {supervised_process(data_dir, AWAY)}: started by the supervisor")
    await _confirmed(url, data_dir, order_id, seen)
    print("1 kill, 1 order, nothing lost, nothing done twice")
    return 0


async def _outage_of_shop() -> int:
    others = [name for name in client.project().modules if name != AWAY]
    order_id = str(uuid4())
    async with instance(client.root()) as shop:
        seconds = await shop.start()
        print(f"shop     {shop.url} (started for the demo in {seconds:.1f} s)")
        async with visiting(shop.url) as customer:
            await customer.receive({LANTERN: 100})
        await _killed(shop, others, f"kill -9, then started again without {AWAY}")
        seen = await _waits(shop.url, shop.data_dir, order_id)
        await _killed(shop, [], f"kill -9 again, then started with {AWAY}")
        await _confirmed(shop.url, shop.data_dir, order_id, seen)
    print("2 kills, 1 order, nothing lost, nothing done twice")
    return 0


async def _killed(shop: Instance, modules: list[str], what: str) -> None:
    pid = shop.pid
    shop.kill()
    seconds = await shop.start(modules)
    print(f"process  {pid}: {what} as {shop.pid} in {seconds:.1f} s")


async def _waits(url: str, data_dir: Path, order_id: str) -> Followed | None:
    print(f"\norder    {order_id}  card {APPROVED}")
    async with visiting(url) as customer:
        posting = asyncio.create_task(customer.post("/v1/orders", order_of(order_id, APPROVED)))
        told = await follow(data_dir, order_id, tell=print, until_waiting_for=AWAY)
        await posting
        order = await customer.order(order_id)
    print(f"         {paint('PENDING', BOLD, YELLOW)}  what goes to {AWAY} waits\n")
    if order["status"] != "pending":
        raise _wrong(order_id, "pending", order["status"])
    return told


async def _confirmed(url: str, data_dir: Path, order_id: str, seen: Followed | None) -> None:
    told = await follow(
        data_dir, order_id, tell=print, after=seen, within_seconds=_BACK_WITHIN_SECONDS
    )
    async with visiting(url) as customer:
        order: Json = await customer.decided(order_id)
    show_outcome(order, told)
    if order["status"] != "confirmed":
        raise _wrong(order_id, "confirmed", order["status"])


def _wrong(order_id: str, expected: str, status: str) -> CommandError:
    return CommandError(
        f"order {order_id} is {status}",
        f"it should be {expected}",
        "amphibus demo --outage",
    )
