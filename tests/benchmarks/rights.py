"""Rights: what it costs that each request shows who asks."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from typing import Final

from tests.benchmarks.bench import Bench, column
from tests.benchmarks.figures import Comparison, Figure
from tests.benchmarks.outside import Letters
from tests.benchmarks.shops import monolith, shop

GROUP: Final = "rights"
WITH: Final = "with an API key each time"
WITHOUT: Final = "the developer on this machine"
_IN_FLIGHT: Final = 64
_TURNS: Final = 9
"""More than elsewhere: what is asked is a difference of a few percent."""


async def measure(bench: Bench) -> AsyncIterator[Figure]:
    """Two shops alike, of which one asks who is there."""
    async with AsyncExitStack() as stack:
        letters = stack.enter_context(Letters.collected())
        shops = {}
        for name in (WITHOUT, WITH):
            ((module, setup),) = await monolith(bench, letters, server=False)
            wanted = (module, setup | {"guarded": name == WITH})
            shops[name] = await stack.enter_async_context(shop(bench, letters, wanted))
        busy = {
            name: partial(each.busy, _IN_FLIGHT, bench.some(1.5)) for name, each in shops.items()
        }
        found = await bench.in_turn(GROUP, busy, None if bench.quick else _TURNS)
    note = (
        "The key is looked up, its rights are checked, and its requests are counted by its limits."
    )
    pair = (WITH, WITHOUT)
    yield Figure(
        GROUP,
        "rights-rate",
        "64 orders in flight, monolith, SQLite: orders a second with rights and without",
        "orders/s",
        column(found, lambda run: run.rate),
        [Comparison(*pair, 0.95)],
        note=note,
    )
    yield Figure(
        GROUP,
        "rights-cpu",
        "The same: CPU of the shop for an order",
        "ms",
        column(found, lambda run: run.cpu * 1000 / len(run.latencies)),
        [Comparison(*pair)],
        less_is_better=True,
    )
