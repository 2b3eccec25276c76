"""The hop: consume, handle, commit, publish, acknowledge, on RabbitMQ, from a queue that is full."""

from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any, Final

from tests.benchmarks.bench import Bench
from tests.benchmarks.child import Child
from tests.benchmarks.figures import Comparison, Figure

GROUP: Final = "hop"
OURS: Final = "transport and codec"
RAW: Final = "raw aio-pika"
FASTSTREAM: Final = "FastStream"
DRAMATIQ: Final = "Dramatiq"
CELERY: Final = "Celery"
_AT_ONCE: Final = 64


async def measure(bench: Bench) -> AsyncIterator[Figure]:
    """Without a database, then with one."""
    yield await _carried(bench)
    yield await _kept(bench)


async def _carried(bench: Bench) -> Figure:
    modules = {
        OURS: "ours.hop_carried",
        RAW: "peers.hop_raw",
        FASTSTREAM: "peers.hop_faststream",
        DRAMATIQ: "peers.hop_dramatiq",
        CELERY: "peers.hop_celery",
    }
    counts = {OURS: 5_000, RAW: 5_000, FASTSTREAM: 4_000, DRAMATIQ: 3_000, CELERY: 1_500}
    wanted = [
        (module, _broker(bench) | {"data": str(bench.services.place("hop"))})
        for module in modules.values()
    ]
    async with bench.children(*wanted) as children:
        runs = {
            name: partial(_asked, child, count=int(bench.some(counts[name])))
            for name, child in zip(modules, children, strict=True)
        }
        found = await bench.in_turn(f"{GROUP} without a database", runs)
    return Figure(
        GROUP,
        "hop-carried",
        "A hop without a database: consume, decode, publish confirmed, acknowledge",
        "messages/s",
        found,
        [
            Comparison(OURS, RAW, 0.8),
            Comparison(OURS, FASTSTREAM, 1.2),
            Comparison(OURS, DRAMATIQ),
            Comparison(OURS, CELERY),
        ],
        note="One process each; Dramatiq and Celery with eight threads. Quorum queues, persistent, confirmed.",
    )


async def _kept(bench: Bench) -> Figure:
    place = partial(bench.services.place, "hop")
    wanted: dict[str, tuple[str, Mapping[str, Any]]] = {
        "a module, SQLite": ("ours.hop_kept", _broker(bench) | {"data": str(place())}),
        "raw aio-pika, aiosqlite": (
            "peers.hop_raw",
            _broker(bench) | {"driver": "aiosqlite", "data": str(place())},
        ),
        "aiosqlite, bare commits": (
            "peers.commits",
            {"driver": "aiosqlite", "data": str(place())},
        ),
        "sqlite3 in the loop, bare commits": (
            "peers.commits",
            {"driver": "sqlite3", "data": str(place())},
        ),
        "a module, PostgreSQL": (
            "ours.hop_kept",
            _broker(bench) | {"data": str(place()), "db_url": await bench.services.database()},
        ),
        "raw aio-pika, asyncpg": (
            "peers.hop_raw",
            _broker(bench) | {"driver": "asyncpg", "db_url": await bench.services.database()},
        ),
        "asyncpg, bare commits": (
            "peers.commits",
            {"driver": "asyncpg", "db_url": await bench.services.database()},
        ),
    }
    async with bench.children(*wanted.values()) as children:
        runs = {
            name: partial(_asked, child, count=int(bench.some(4_000)), at_once=_AT_ONCE)
            for name, child in zip(wanted, children, strict=True)
        }
        found = await bench.in_turn(f"{GROUP} with a database", runs)
    return Figure(
        GROUP,
        "hop-kept",
        "A hop with the database: consume, handle, commit, publish confirmed, acknowledge",
        "messages/s",
        found,
        [
            Comparison("a module, SQLite", "aiosqlite, bare commits", 0.7),
            Comparison("a module, SQLite", "sqlite3 in the loop, bare commits"),
            Comparison("a module, PostgreSQL", "asyncpg, bare commits", 0.7),
            Comparison("a module, SQLite", "raw aio-pika, aiosqlite"),
            Comparison("a module, PostgreSQL", "raw aio-pika, asyncpg"),
        ],
        note="A bare commit is a transaction of a business row and an outbox row, from 64 tasks at once. "
        "Raw aio-pika commits that for each message, then publishes: it has neither outbox nor inbox.",
    )


def _broker(bench: Bench) -> dict[str, str]:
    return {"amqp_url": bench.services.amqp_url, "env": bench.services.environment()}


async def _asked(child: Child, **request: Any) -> float:
    return float(await child.ask("run", **request))
