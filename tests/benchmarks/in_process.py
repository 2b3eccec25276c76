"""In one process: from a commit to the next handler, and to its commit."""

from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any, Final

from tests.benchmarks.bench import Bench
from tests.benchmarks.child import Child
from tests.benchmarks.figures import Comparison, Figure

GROUP: Final = "process"
FILES: Final = "a hop, SQLite"
SERVER: Final = "a hop, PostgreSQL"
SQLITE3: Final = "sqlite3 in the loop, bare commit"
ASYNCPG: Final = "asyncpg, bare commit"
CALL: Final = "direct async call"


async def measure(bench: Bench) -> AsyncIterator[Figure]:
    """One chain of messages, then 64."""
    place = partial(bench.services.place, "process")
    database = bench.services.database
    wanted: dict[str, tuple[str, Mapping[str, Any]]] = {
        FILES: ("ours.chain", {"data": str(place())}),
        SQLITE3: ("peers.commits", {"driver": "sqlite3", "data": str(place())}),
        SERVER: ("ours.chain", {"data": str(place()), "db_url": await database()}),
        ASYNCPG: ("peers.commits", {"driver": "asyncpg", "db_url": await database()}),
        CALL: ("peers.calls", {}),
    }
    async with bench.children(*wanted.values()) as children:
        for chains, what in ((1, "one chain of messages"), (64, "64 chains of messages")):
            runs = {
                name: partial(_microseconds, child, name, int(bench.some(1_920)), chains)
                for name, child in zip(wanted, children, strict=True)
            }
            found = await bench.in_turn(f"{GROUP}, {what}", runs)
            yield Figure(
                GROUP,
                f"process-{chains}",
                f"From a commit to the next handler and its commit: {what} between two modules",
                "µs a hop",
                found,
                [Comparison(FILES, SQLITE3), Comparison(SERVER, ASYNCPG), Comparison(FILES, CALL)],
                less_is_better=True,
                logarithmic=True,
                note="A hop writes a business row, its inbox row and the next message; a bare commit two rows.",
            )


async def _microseconds(child: Child, name: str, count: int, at_once: int) -> float:
    found = float(await child.ask("run", count=count, at_once=at_once))
    return 1e6 / found if name in (SQLITE3, ASYNCPG) else found
