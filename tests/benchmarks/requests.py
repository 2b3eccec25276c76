"""Request and reply from one process to another: directly, as they go by default, and over the broker."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any, Final

from tests.benchmarks.bench import Bench, column
from tests.benchmarks.figures import Comparison, Figure

GROUP: Final = "request"
DIRECT: Final = "a query"
OURS: Final = "a query, over the broker"
RAW: Final = "raw aio-pika, direct reply-to"
FASTSTREAM: Final = "FastStream request"


async def measure(bench: Bench) -> AsyncIterator[Figure]:
    """One at a time, then 64 at once."""
    environment = bench.services.environment

    def setup(name: str, **more: str) -> dict[str, Any]:
        place = str(bench.services.place("request"))
        return {"amqp_url": bench.services.amqp_url, "env": name, "data": place} | more

    direct, ours, raw, fast = (environment() for _ in range(4))
    # Both ends find each other in one folder.
    directly = setup(direct, transport="rabbitmq+direct")
    wanted = [
        ("ours.answering", directly),
        ("ours.answering", setup(ours)),
        ("peers.rpc_raw", setup(raw, role="server")),
        ("peers.rpc_faststream", setup(fast, role="server")),
    ]
    asking = [
        ("ours.asking", directly),
        ("ours.asking", setup(ours)),
        ("peers.rpc_raw", setup(raw, role="client")),
        ("peers.rpc_faststream", setup(fast, role="client")),
    ]
    async with bench.children(*wanted), bench.children(*asking) as clients:
        each = dict(zip((DIRECT, OURS, RAW, FASTSTREAM), clients, strict=True))
        count = int(bench.some(1_500))
        alone = await bench.in_turn(
            f"{GROUP}, one at a time",
            {
                name: partial(child.ask, "run", count=count, at_once=1)
                for name, child in each.items()
            },
        )
        many = await bench.in_turn(
            f"{GROUP}, 64 at once",
            {
                name: partial(
                    child.ask, "run", count=count * (1 if name == FASTSTREAM else 3), at_once=64
                )
                for name, child in each.items()
            },
        )
    yield Figure(
        GROUP,
        "request-latency",
        "A request and its reply, one at a time, median",
        "ms",
        column(alone, lambda found: found["median"]),
        [
            Comparison(DIRECT, RAW),
            Comparison(DIRECT, FASTSTREAM),
            Comparison(OURS, RAW),
            Comparison(OURS, FASTSTREAM),
        ],
        less_is_better=True,
    )
    yield Figure(
        GROUP,
        "request-rate",
        "Requests and their replies, 64 at once",
        "requests/s",
        column(many, lambda found: found["rate"]),
        [
            Comparison(DIRECT, RAW, 2.0),
            Comparison(DIRECT, FASTSTREAM),
            Comparison(OURS, RAW, 0.9),
            Comparison(OURS, FASTSTREAM),
        ],
        note="FastStream's `request` is serial: one lock for a broker.",
    )
