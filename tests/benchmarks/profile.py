"""Where the time of an order goes: a flame graph, and a budget for each hop."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from tests.benchmarks.bench import Bench
from tests.benchmarks.budget import shares
from tests.benchmarks.child import Broken
from tests.benchmarks.figures import Figure
from tests.benchmarks.load import closed
from tests.benchmarks.outside import Letters
from tests.benchmarks.shops import Shop, monolith, shop

GROUP: Final = "profile"
FLAME: Final = "profile-flame.svg"
HOPS: Final = 11
"""Commits of an order: the gateway's, and one for each of the ten deliveries of its nine messages."""
_IN_FLIGHT: Final = 64
_SAMPLES_A_SECOND: Final = 250
_WARM_SECONDS: Final = 1.0
_MOVING: Final = re.compile(
    r'<script.*?</script>| onload="[^"]*"|<text id="(search|unzoom)".*?</text>', re.DOTALL
)


async def measure(bench: Bench) -> AsyncIterator[Figure]:
    """The monolith on SQLite, with 64 orders in flight: first undisturbed, then sampled."""
    with Letters.collected() as letters:
        wanted = await monolith(bench, letters, server=False)
        async with shop(bench, letters, *wanted) as made:
            seconds = bench.some(6)
            run = await made.busy(_IN_FLIGHT, seconds)
            cost = run.cpu / len(run.latencies) / HOPS * 1e6
            folded = await _recorded(made, bench.folder / "profile.txt", "raw", seconds)
            bench.say(f"{GROUP}: sampled")
            flame = await _recorded(made, bench.folder / FLAME, "flamegraph", seconds)
            flame.write_text(still(flame.read_text()))
    found = shares(folded.read_text().splitlines())
    folded.unlink()
    yield Figure(
        GROUP,
        "profile",
        "Budget of a hop of the order flow: monolith, SQLite, 64 orders in flight",
        "µs of CPU a hop",
        {name: [share * cost] for name, share in found.items()},
        less_is_better=True,
        note=f"An order is {HOPS} hops: commits with what leads to them. "
        f"[Flame graph](docs/benchmarks/{FLAME})",
        facts=[f"A hop takes {cost:,.0f} µs of CPU, {cost * HOPS / 1000:.1f} ms an order."],
    )


def still(graph: str) -> str:
    """A flame graph without its program, which is not ours to keep; each frame still says what it is."""
    return _MOVING.sub("", graph)


async def _recorded(made: Shop, file: Path, form: str, seconds: float) -> Path:
    """Samples the shop's process while it is busy."""
    load = asyncio.create_task(
        closed(made.place, in_flight=_IN_FLIGHT, seconds=seconds + 2 * _WARM_SECONDS)
    )
    try:
        process = await asyncio.create_subprocess_exec(
            "py-spy",
            *("record", "--pid", str(made.children[0].pid), "--format", form),
            *("--rate", str(_SAMPLES_A_SECOND), "--duration", str(max(1, round(seconds)))),
            *("--output", file.name),
            # Its command line is the title of the graph, so no paths in it.
            cwd=file.parent,
            env=_found_beside_python(),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
    finally:
        await load
    if process.returncode or not file.exists():
        raise Broken(f"py-spy could not sample: {said.decode(errors='replace')}")
    return file


def _found_beside_python() -> dict[str, str]:
    beside = Path(sys.executable).parent
    return os.environ | {"PATH": f"{beside}{os.pathsep}{os.environ.get('PATH', '')}"}
