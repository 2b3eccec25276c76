"""The order flow: from `POST /v1/orders` to the mail that tells the customer, with every effect on the way."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Final

from tests.benchmarks.bench import Bench, column
from tests.benchmarks.figures import Comparison, Curve, Figure
from tests.benchmarks.load import Run
from tests.benchmarks.outside import Letters
from tests.benchmarks.shops import Shop, by_hand, distributed, monolith, shop

GROUP: Final = "flow"
FILES: Final = "monolith, SQLite"
SERVER: Final = "monolith, PostgreSQL"
APART_FILES: Final = "distributed, SQLite"
APART: Final = "distributed, PostgreSQL"
TWICE: Final = "distributed, PostgreSQL, 2 instances"
HAND: Final = "by hand, 1 process"
HAND_APART: Final = "by hand, 6 processes"
BARE: Final = "by hand without outbox and inbox, 1 process"
BARE_APART: Final = "by hand without outbox and inbox, 6 processes"
_BROKEN_MS: Final = 500.0
_STEPS: Final = (0.25, 0.5, 0.65, 0.8, 0.95, 1.1, 1.25)


async def measure(bench: Bench) -> AsyncIterator[Figure]:
    """Every shop is started before the first is measured, and stands idle while others work."""
    async with AsyncExitStack() as stack:
        letters = stack.enter_context(Letters.collected())
        shops: dict[str, Shop] = {}
        for name, wanted in _wanted(bench, letters).items():
            bench.say(f"{GROUP}: starting {name}")
            shops[name] = await stack.enter_async_context(shop(bench, letters, *await wanted()))
        alone = await bench.in_turn(
            f"{GROUP}, 1 in flight",
            {
                name: partial(each.busy, 1, 0.5 if bench.quick else 1.5)
                for name, each in shops.items()
            },
        )
        many = await bench.in_turn(
            f"{GROUP}, 64 in flight",
            {
                name: partial(each.busy, 64, 1.0 if bench.quick else 2.5)
                for name, each in shops.items()
            },
        )
        for figure in (*_alone(alone), *_many(many)):
            yield figure
        yield await _open(bench, shops, column(many, lambda run: run.rate))


def _wanted(bench: Bench, letters: Letters) -> Mapping[str, partial]:  # type: ignore[type-arg]
    every = {
        FILES: partial(monolith, bench, letters, server=False),
        HAND: partial(by_hand, bench, letters, guarded=True, apart=False),
        SERVER: partial(monolith, bench, letters, server=True),
        APART: partial(distributed, bench, letters, server=True),
        HAND_APART: partial(by_hand, bench, letters, guarded=True, apart=True),
        APART_FILES: partial(distributed, bench, letters, server=False),
        TWICE: partial(distributed, bench, letters, server=True, instances=2),
        BARE: partial(by_hand, bench, letters, guarded=False, apart=False),
        BARE_APART: partial(by_hand, bench, letters, guarded=False, apart=True),
    }
    quick = (FILES, HAND, SERVER, APART, HAND_APART)
    return {name: each for name, each in every.items() if name in quick or not bench.quick}


def _alone(found: Mapping[str, list[Run]]) -> list[Figure]:
    return [
        Figure(
            GROUP,
            "flow-latency",
            "One order at a time: time until the customer is written to, median",
            "ms",
            column(found, lambda run: run.milliseconds(0.5)),
            _compared(found, monolith=1 / 3, distributed=1.0),
            less_is_better=True,
        ),
        Figure(
            GROUP,
            "flow-latency-p99",
            "One order at a time: time until the customer is written to, 99th percentile",
            "ms",
            column(found, lambda run: run.milliseconds(0.99)),
            _compared(found),
            less_is_better=True,
        ),
    ]


def _many(found: Mapping[str, list[Run]]) -> list[Figure]:
    return [
        Figure(
            GROUP,
            "flow-rate",
            "64 orders in flight: orders a second, until every effect of the last is there",
            "orders/s",
            column(found, lambda run: run.rate),
            _compared(found, monolith=4.0, distributed=2.0),
        ),
        Figure(
            GROUP,
            "flow-busy-latency",
            "64 orders in flight: time until the customer is written to, median",
            "ms",
            column(found, lambda run: run.milliseconds(0.5)),
            _compared(found),
            less_is_better=True,
        ),
        Figure(
            GROUP,
            "flow-busy-latency-p99",
            "64 orders in flight: time until the customer is written to, 99th percentile",
            "ms",
            column(found, lambda run: run.milliseconds(0.99)),
            _compared(found),
            less_is_better=True,
        ),
        Figure(
            GROUP,
            "flow-cpu",
            "64 orders in flight: CPU of the shop's own processes for an order",
            "ms",
            column(found, lambda run: run.cpu * 1000 / len(run.latencies)),
            _compared(found),
            less_is_better=True,
        ),
    ]


def _compared(
    found: Mapping[str, object],
    *,
    monolith: float | None = None,
    distributed: float | None = None,
) -> list[Comparison]:
    """Each of ours with the hand-written one in as many processes; then with the one that promises less."""
    pairs = [
        Comparison(FILES, HAND, monolith),
        Comparison(SERVER, HAND),
        Comparison(APART, HAND_APART, distributed),
        Comparison(APART, HAND),
        Comparison(APART_FILES, HAND_APART, distributed),
        Comparison(TWICE, HAND_APART),
        Comparison(FILES, BARE),
        Comparison(APART, BARE_APART),
    ]
    return [each for each in pairs if each.ours in found and each.theirs in found]


async def _open(
    bench: Bench, shops: Mapping[str, Shop], rates: Mapping[str, list[float]]
) -> Figure:
    """Rising rates, as parts of what the closed loop reached, until the latency breaks."""
    kept: dict[str, list[float]] = {}
    curves = []
    for name in (FILES, HAND, APART, HAND_APART):
        most = sorted(rates[name])[len(rates[name]) // 2]
        points: list[tuple[float, float]] = []
        sustained = 0.0
        for share in _STEPS[::2] if bench.quick else _STEPS:
            run = await shops[name].offered(most * share, 1.0 if bench.quick else 2.0)
            late = run.milliseconds(0.99)
            points.append((most * share, late))
            if late > _BROKEN_MS:
                break
            sustained = most * share
        curves.append(Curve(name, points))
        kept[name] = [sustained]
        bench.say(f"{GROUP}, open loop: {name}")
    return Figure(
        GROUP,
        "flow-open",
        f"Orders at a steady rate: the highest whose 99th percentile stays below {_BROKEN_MS:g} ms",
        "orders/s",
        kept,
        [Comparison(FILES, HAND), Comparison(APART, HAND_APART)],
        curves=curves,
        across="orders/s offered",
        up="99th percentile of the latency, ms",
        logarithmic=True,
        note="Who has to wait for its turn is late: latency counts from when the order was due.",
    )
