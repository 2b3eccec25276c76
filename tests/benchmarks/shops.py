"""Shops that take orders, ours and those written by hand, in whatever processes they run."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from tests.benchmarks.bench import Bench
from tests.benchmarks.child import Broken, Child
from tests.benchmarks.load import Run, Wires, closed, http, opened
from tests.benchmarks.orders import SKUS, Orders, receipt
from tests.benchmarks.outside import Letters

MODULES: Final = ("gateway", "inventory", "notifications", "orders", "payments", "reporting")
"""The modules that an order meets."""
OURS: Final = ("catalog", *MODULES)
"""All of ours: the catalogue has nothing to do with orders that say their prices."""
_WIRES: Final = 64
_LATEST_MAIL: Final = 60.0
_SETTLES_WITHIN: Final = 60.0
_LOOK_SECONDS: Final = 0.005
_WARM: Final = 100


class Shop:
    """A shop at work. An order is done when its customer is written to; a run, when every effect is there."""

    def __init__(self, children: Sequence[Child], wires: Wires, letters: Letters) -> None:
        self.children = children
        self._wires = wires
        self._letters = letters
        self._orders = Orders()
        self._placed = 0
        self._key = children[0].ready.get("key", "")
        self.name = f"{children[0].pid}-"

    async def place(self) -> None:
        """Places an order and waits for its mail."""
        reference, body = self._orders.another(self.name)
        self._placed += 1
        mail = self._letters.expect(reference)
        await self._wires.send(http("POST", "/v1/orders", body, self._key), 202)
        async with asyncio.timeout(_LATEST_MAIL):
            await mail

    async def prepare(self) -> None:
        """Fills the shelves and runs until it is warm."""
        await self._wires.send(http("POST", "/v1/stock/receipts", receipt(), self._key), 202)
        await self._until("stock", len(SKUS), "the shelves are not filled")
        await closed(self.place, in_flight=8, seconds=5, most=_WARM)
        await self._settle()

    async def busy(self, in_flight: int, seconds: float) -> Run:
        """A closed loop, until every effect of its orders is there; with the CPU that it took."""
        before = await self._cpu()
        run = await closed(self.place, in_flight=in_flight, seconds=seconds)
        run.seconds += await self._settle()
        run.cpu = await self._cpu() - before
        return run

    async def offered(self, rate: float, seconds: float) -> Run:
        """An open loop."""
        run = await opened(self.place, rate=rate, seconds=seconds)
        await self._settle()
        return run

    async def _settle(self) -> float:
        """Waits until every order has all its effects; returns how long that took."""
        return await self._until("effects", self._placed, "some orders lack effects")

    async def _until(self, what: str, count: int, lacking: str) -> float:
        """Waits until every process that counts something has so many; returns how long that took."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            # Where several processes look at one database, all must see it.
            seen = await asyncio.gather(*(child.ask(what) for child in self.children))
            if all(each >= count for found in seen for each in found.values()):
                return loop.time() - began
            if loop.time() - began > _SETTLES_WITHIN:
                raise Broken(f"{lacking}: not {count}, but {seen}")
            await asyncio.sleep(_LOOK_SECONDS)

    async def _cpu(self) -> float:
        used = await asyncio.gather(*(child.ask("usage") for child in self.children))
        return sum(float(each["cpu"]) for each in used)


@asynccontextmanager
async def shop(bench: Bench, letters: Letters, *wanted: tuple[str, Any]) -> AsyncIterator[Shop]:
    """Starts the processes of a shop, and makes it warm."""
    async with bench.children(*wanted) as children:
        urls = [child.ready["url"] for child in children if child.ready["url"]]
        async with Wires.to(urls, _WIRES) as wires:
            made = Shop(children, wires, letters)
            await made.prepare()
            yield made


async def monolith(bench: Bench, letters: Letters, *, server: bool) -> list[tuple[str, Any]]:
    """Ours in one process."""
    setup = {"data": str(bench.services.place("shop")), "mail_port": letters.port}
    if server:
        setup["db_url"] = await bench.services.database()
    return [("ours.shop", setup)]


async def distributed(
    bench: Bench, letters: Letters, *, server: bool, instances: int = 1
) -> list[tuple[str, Any]]:
    """Ours with a process for each module, or several."""
    setup = {
        "mail_port": letters.port,
        "amqp_url": bench.services.amqp_url,
        "env": bench.services.environment(),
    }
    if server:
        setup["db_url"] = await bench.services.database()
    data = [str(bench.services.place("shop")) for _ in range(instances)]
    return [
        ("ours.shop", setup | {"modules": [module], "data": folder})
        for module in OURS
        for folder in data
    ]


async def by_hand(
    bench: Bench, letters: Letters, *, guarded: bool, apart: bool
) -> list[tuple[str, Any]]:
    """Theirs, with outbox and inbox or without, in one process or in six."""
    setup = {
        "mail_port": letters.port,
        "amqp_url": bench.services.amqp_url,
        "env": bench.services.environment(),
        "db_url": await bench.services.database(),
        "guarded": guarded,
    }
    places: list[list[str]] = [[module] for module in MODULES] if apart else [[]]
    return [
        ("peers.flow.service", setup | {"modules": modules, "creates": number == 0})
        for number, modules in enumerate(places)
    ]
