"""The gateway: a write that is committed and a read, over HTTP, from 64 connections."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Final

from tests.benchmarks.bench import Bench, Run
from tests.benchmarks.figures import Comparison, Figure
from tests.benchmarks.load import Wires, closed, http
from tests.benchmarks.orders import SKUS, Orders, receipt
from tests.benchmarks.outside import Letters

GROUP: Final = "gateway"
_WIRES: Final = 64
_SETTINGS: Final = {"gateway.accept_within_seconds": 0}
"""The answer waits for nobody: what is compared is the commit."""


async def measure(bench: Bench) -> AsyncIterator[Figure]:
    """Writes are kept for a module that is not there; reads are answered by one that is."""
    async with AsyncExitStack() as stack:
        letters = stack.enter_context(Letters.collected())
        writes: dict[str, Run[float]] = {}
        reads: dict[str, Run[float]] = {}
        for storage in ("SQLite", "PostgreSQL"):
            server = storage == "PostgreSQL"
            ours, theirs = f"gateway, {storage}", f"FastAPI, {storage}"
            shop = {"mail_port": letters.port, "settings": _SETTINGS}
            writing = await _opened(
                bench, stack, server, "ours.shop", shop | {"modules": ["gateway"]}
            )
            both = shop | {"modules": ["inventory", "gateway"]}
            reading = await _opened(bench, stack, server, "ours.shop", both)
            web = await _opened(bench, stack, server, "peers.web", {})
            await reading.send(http("POST", "/v1/stock/receipts", receipt()), 202)
            writes |= {ours: partial(_write, bench, writing), theirs: partial(_write, bench, web)}
            reads |= {ours: partial(_read, bench, reading), theirs: partial(_read, bench, web)}
        written = await bench.in_turn(f"{GROUP}, POST", writes)
        read = await bench.in_turn(f"{GROUP}, GET", reads)
    pairs = [
        Comparison(f"gateway, {each}", f"FastAPI, {each}", 0.9) for each in ("SQLite", "PostgreSQL")
    ]
    yield Figure(
        GROUP,
        "gateway-post",
        "POST of an order, validated and committed: the gateway beside bare FastAPI",
        "requests/s",
        written,
        pairs,
        note="Both write what was accepted, the message and its destination, in one transaction. "
        "FastAPI uses aiosqlite with one connection, asyncpg with eight.",
    )
    yield Figure(
        GROUP,
        "gateway-get",
        "GET of a stock: the gateway asks the module that owns it, FastAPI reads the row itself",
        "requests/s",
        read,
        pairs,
    )


async def _opened(
    bench: Bench, stack: AsyncExitStack, server: bool, module: str, setup: dict[str, Any]
) -> Wires:
    more: dict[str, Any] = {"data": str(bench.services.place("gateway"))}
    if server:
        more["db_url"] = await bench.services.database()
    (child,) = await stack.enter_async_context(bench.children((module, setup | more)))
    return await stack.enter_async_context(Wires.to([child.ready["url"]], _WIRES))


async def _write(bench: Bench, wires: Wires) -> float:
    orders = _ORDERS

    async def send() -> None:
        _, body = orders.another()
        await wires.send(http("POST", "/v1/orders", body), 202)

    return (await closed(send, in_flight=_WIRES, seconds=bench.some(2))).rate


async def _read(bench: Bench, wires: Wires) -> float:
    turn = iter(range(1 << 30))

    async def send() -> None:
        await wires.send(http("GET", f"/v1/stock/{SKUS[next(turn) % len(SKUS)]}"), 200)

    return (await closed(send, in_flight=_WIRES, seconds=bench.some(2))).rate


_ORDERS: Final = Orders(seed=7)
