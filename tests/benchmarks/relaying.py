"""The relay: how fast a backlog in an outbox reaches the broker."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Final

from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Comparison, Figure

GROUP: Final = "relay"
FILES: Final = "relay, SQLite"
SERVER: Final = "relay, PostgreSQL"
RAW: Final = "raw aio-pika, 64 in flight"
_ROWS: Final = 100_000
_SERVER_ROWS: Final = 20_000
"""Enough for a rate; filling takes longer there than draining."""
_QUICK_ROWS: Final = 5_000
_REPETITIONS: Final = 2


async def measure(bench: Bench) -> AsyncIterator[Figure]:
    """Fills the outbox before the clock runs, and drains it."""
    rows = _QUICK_ROWS if bench.quick else _ROWS
    place, broker = partial(bench.services.place, "relay"), bench.services.amqp_url
    name = bench.services.environment
    wanted = {
        FILES: ("ours.relaying", {"data": str(place()), "amqp_url": broker, "env": name()}),
        RAW: ("peers.publishing", {"amqp_url": broker, "env": name()}),
        SERVER: (
            "ours.relaying",
            {
                "data": str(place()),
                "amqp_url": broker,
                "env": name(),
                "db_url": await bench.services.database(),
            },
        ),
    }
    async with bench.children(*wanted.values()) as children:
        runs = {
            each: partial(
                child.ask, "run", count=min(rows, _SERVER_ROWS) if each == SERVER else rows
            )
            for each, child in zip(wanted, children, strict=True)
        }
        found = await bench.in_turn(GROUP, runs, _REPETITIONS)
    yield Figure(
        GROUP,
        "relay",
        f"Draining an outbox of {rows:,} rows into the broker",
        "messages/s",
        found,
        [Comparison(FILES, RAW, 0.8), Comparison(SERVER, RAW, 0.8)],
        note="Eight quorum queues each. The raw publisher reads nothing and writes nothing down. "
        f"On PostgreSQL it is {min(rows, _SERVER_ROWS):,} rows.",
    )
