"""How long a start takes, and what it leaves in memory."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from tests.benchmarks.bench import Bench, column
from tests.benchmarks.child import ROOT, clean_environment
from tests.benchmarks.figures import Comparison, Figure
from tests.benchmarks.outside import Letters
from tests.benchmarks.shops import by_hand

GROUP: Final = "start"
OURS: Final = "amphibus run, monolith"
HAND: Final = "by hand, 1 process"
HELP: Final = "amphibus --help"
IMPORTS: Final = "import of FastAPI, FastStream and SQLAlchemy"
NOTHING: Final = "python -c pass"
_READY_WITHIN: Final = 60.0
_IDLE_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Start:
    """One start."""

    seconds: float
    memory: float
    """MiB, once it was idle for a moment."""


async def measure(bench: Bench) -> AsyncIterator[Figure]:
    """The shop, then the command line."""
    with Letters.collected() as letters:
        found = await bench.in_turn(
            f"{GROUP}, shop",
            {OURS: partial(_run, bench), HAND: partial(_by_hand, bench, letters)},
        )
    yield Figure(
        GROUP,
        "start-time",
        "From the command to a shop that is ready",
        "s",
        column(found, lambda start: start.seconds),
        [Comparison(OURS, HAND)],
        less_is_better=True,
        note="Databases are made at the start: a file for each module here, one schema there.",
    )
    yield Figure(
        GROUP,
        "start-memory",
        "Memory of an idle shop",
        "MiB",
        column(found, lambda start: start.memory),
        [Comparison(OURS, HAND)],
        less_is_better=True,
    )
    imports = "import fastapi, faststream.rabbit, sqlalchemy.ext.asyncio"
    commands = {
        HELP: ("-m", "amphibus.cli", "--help"),
        IMPORTS: ("-c", imports),
        NOTHING: ("-c", "pass"),
    }
    yield Figure(
        GROUP,
        "start-help",
        "The command line's help",
        "ms",
        await bench.in_turn(
            f"{GROUP}, help", {name: partial(_command, words) for name, words in commands.items()}
        ),
        [Comparison(HELP, NOTHING), Comparison(HELP, IMPORTS)],
        less_is_better=True,
    )


async def _run(bench: Bench) -> Start:
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "amphibus.cli", "run", "--port", "0"),
        *("--data-dir", str(bench.services.place("start"))),
        cwd=ROOT,
        env=clean_environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(_READY_WITHIN):
            while b"ready in" not in await process.stdout.readline():
                pass
        seconds = time.perf_counter() - began
        await _idle()
        return Start(seconds, memory_of(process.pid))
    finally:
        process.terminate()
        await process.wait()


async def _by_hand(bench: Bench, letters: Letters) -> Start:
    wanted = await by_hand(bench, letters, guarded=True, apart=False)
    began = time.perf_counter()
    async with bench.children(*wanted) as (child,):
        seconds = time.perf_counter() - began
        await _idle()
        return Start(seconds, memory_of(child.pid))


async def _idle() -> None:
    """What a start leaves to be done is done by then."""
    ends = time.perf_counter() + _IDLE_SECONDS
    while (left := ends - time.perf_counter()) > 0:
        await asyncio.sleep(left)


async def _command(words: Sequence[str]) -> float:
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, cwd=ROOT, stdout=asyncio.subprocess.DEVNULL
    )
    await process.wait()
    return (time.perf_counter() - began) * 1000


def memory_of(pid: int) -> float:
    """MiB that a process has in memory."""
    listed = Path(f"/proc/{pid}/statm")
    if listed.exists():
        return int(listed.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    found = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True
    )
    return int(found.stdout) / 1024
