"""What a message costs when there is more of something: history, modules, bytes, instances."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from tests.benchmarks.bench import Bench
from tests.benchmarks.child import Child
from tests.benchmarks.figures import Claim, Curve, Figure
from tests.benchmarks.spread import Slope, Spread

GROUP: Final = "growth"
_ROWS: Final = (1_000, 10_000, 100_000, 1_000_000)
_MODULES: Final = (0, 4, 16)
_BYTES: Final = (0, 3_000, 30_000, 300_000)
_INSTANCES: Final = (1, 2, 4)
_REPETITIONS: Final = 5
_LOOK_SECONDS: Final = 0.01


async def measure(bench: Bench) -> AsyncIterator[Figure]:
    """Each by itself."""
    for server in (False, True):
        yield await _history(bench, server=server)
    yield await _modules(bench)
    yield await _bytes(bench)
    yield await _instances(bench)


async def _history(bench: Bench, *, server: bool) -> Figure:
    storage = "PostgreSQL" if server else "SQLite"
    rows = _ROWS[:3] if bench.quick else _ROWS
    wanted = [await _setup(bench, server=server, rows=count) for count in rows]
    found = await _costs(bench, f"{GROUP}, history on {storage}", rows, wanted, 400, _REPETITIONS)
    return _figure(
        f"growth-history-{storage.lower()}",
        f"Cost of a message over rows of history, {storage}: so many in inbox, outbox and dead letters each",
        "rows, as a power of ten",
        found,
        math.log10,
        "each tenfold of the history",
    )


async def _modules(bench: Bench) -> Figure:
    wanted = [await _setup(bench, more=count) for count in _MODULES]
    named = [count + 2 for count in _MODULES]
    found = await _costs(bench, f"{GROUP}, modules", named, wanted, 400)
    return _figure(
        "growth-modules",
        "Cost of a message over the number of modules in the process",
        "modules",
        found,
        float,
        "each module more",
    )


async def _bytes(bench: Bench) -> Figure:
    async with bench.children(await _setup(bench)) as (child,):
        runs = {
            f"{padding + 300:,} bytes": partial(
                _asked, child, count=200 if padding < 100_000 else 40, padding=padding
            )
            for padding in _BYTES
        }
        found = await bench.in_turn(f"{GROUP}, bytes", runs)
    return _figure(
        "growth-bytes",
        "Cost of a message over its size",
        "thousand bytes",
        found,
        lambda size: size / 1000,
        "each 1,000 bytes more",
    )


async def _instances(bench: Bench) -> Figure:
    found: dict[str, list[float]] = {}
    count = int(bench.some(3_000))
    for instances in _INSTANCES[: 2 if bench.quick else 3]:
        setup = {
            "amqp_url": bench.services.amqp_url,
            "env": bench.services.environment(),
            "db_url": await bench.services.database(),
        }
        wanted = [
            ("ours.instance", setup | {"data": str(bench.services.place("growth"))})
            for _ in range(instances)
        ]
        async with bench.children(*wanted) as children:
            run = partial(_shared, children, count)
            name = "1 instance" if instances == 1 else f"{instances} instances"
            found |= await bench.in_turn(f"{GROUP}, {name}", {name: run}, 2)
    return Figure(
        GROUP,
        "growth-instances",
        "Messages that instances of one module handle together, PostgreSQL, from publishing to the last commit",
        "messages/s",
        found,
        note="All instances, the broker and the server share this machine's cores.",
    )


async def _setup(bench: Bench, *, server: bool = False, **more: Any) -> tuple[str, dict[str, Any]]:
    setup: dict[str, Any] = {"data": str(bench.services.place("growth"))} | more
    if server:
        setup["db_url"] = await bench.services.database()
    return ("ours.growing", setup)


async def _costs(
    bench: Bench,
    what: str,
    sizes: Sequence[int],
    wanted: Sequence[tuple[str, Mapping[str, Any]]],
    count: int,
    repetitions: int | None = None,
) -> dict[str, list[float]]:
    bench.say(f"{what}: preparing")
    async with bench.children(*wanted) as children:
        for child in (*children, *children):  # the first messages pay for what is made once
            await child.ask("run", count=count)
        runs = {
            f"{size:,} {'modules' if 'modules' in what else 'rows'}": partial(
                _asked, child, count=count
            )
            for size, child in zip(sizes, children, strict=True)
        }
        return await bench.in_turn(what, runs, bench.repetitions if bench.quick else repetitions)


async def _asked(child: Child, **request: Any) -> float:
    return float(await child.ask("run", **request))


async def _shared(children: Sequence[Child], count: int) -> float:
    before = int(await children[0].ask("handled"))
    began = time.perf_counter()
    await children[0].ask("fill", count=count)
    while int(await children[0].ask("handled")) < before + count:
        await asyncio.sleep(_LOOK_SECONDS)
    return count / (time.perf_counter() - began)


def _figure(
    name: str,
    title: str,
    across: str,
    found: Mapping[str, Sequence[float]],
    scale: Callable[[float], float],
    step: str,
) -> Figure:
    sizes = {each: float(each.split()[0].replace(",", "")) for each in found}
    points = [(scale(sizes[each]), cost) for each, costs in found.items() for cost in costs]
    slope = Slope.through(points)
    middle = Spread.of([cost for _, cost in points]).middle
    verdict = "it grows" if slope.grows else "no growth is certain"
    found_slope = f"{slope.value:+.1f} ({slope.low:+.1f}..{slope.high:+.1f}) µs"
    claim = Claim(f"slope for {step}", found_slope, holds=not slope.grows)
    fact = (
        f"Slope: {slope.value:+.1f} µs for {step}, 95 % interval {slope.low:+.1f} to {slope.high:+.1f} µs"
        f" ({slope.value / middle:+.1%} of a message): {verdict}."
    )
    middles = [(scale(sizes[each]), Spread.of(costs).middle) for each, costs in found.items()]
    return Figure(
        GROUP,
        name,
        title,
        "µs a message",
        found,
        less_is_better=True,
        curves=[Curve("median", middles)],
        across=across,
        facts=[fact],
        claim=claim if "history" in name else None,
    )
