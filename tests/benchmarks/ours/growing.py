"""Two modules in one process, the first with a history. Setup: `rows` of it, `more` idle modules, `data`, `db_url`."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from amphibus.clock import SystemClock
from amphibus.database.envelope_rows import ENVELOPE
from amphibus.database.migrations import upgrade
from amphibus.database.store import Store
from amphibus.host.stores import open_store
from amphibus.messages.envelope import Envelope
from amphibus.unit_of_work.transaction import Transaction
from tests.benchmarks.business import orders, project
from tests.benchmarks.child_process import Answering, Request
from tests.benchmarks.ours.carrier import envelope, hosted, settings_for

_HOUR = 3_600_000_000
_HANDLED = "SELECT max(seq) FROM amphibus_inbox"
_LOOK_SECONDS = 0.002
_FILES = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})"
_SERVER = "WITH n(i) AS (SELECT * FROM generate_series(1, {rows}))"
_SAID = (
    "'old-' || (1000000000 + i), 'first.Work.v1', 'gateway', 'key-' || i, {time} + i,"
    " 'old-' || (1000000000 + i), NULL, '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',"
    " 0, NULL, {body}"
)
_HISTORY = (
    (
        f"INSERT INTO amphibus_inbox ({ENVELOPE}, received, handled, attempts, outcome)"
        f" {{numbers}} SELECT {_SAID}, {{time}} + i, {{time}} + i, 1, 'handled' FROM n"
    ),
    f"INSERT INTO amphibus_outbox ({ENVELOPE}) {{numbers}} SELECT {_SAID} FROM n",
    (
        f"INSERT INTO amphibus_dead (ordering_key, {ENVELOPE},"
        " received, attempts, died, reason, error, traceback, blocks)"
        f" {{numbers}} SELECT 'gateway key-' || i, {_SAID}, {{time}} + i, 8, {{time}} + i, 'failed', 'error', '', 0"
        " FROM n"
    ),
)


@asynccontextmanager
async def contestant(setup: Mapping[str, Any]) -> AsyncIterator[Answering]:
    business = project(setup.get("more", 0))
    if setup.get("rows"):
        store = open_store("first", settings_for(business, setup))
        await store.open(lambda opened: upgrade(opened, business.root / "modules/first/migrations"))
        await _remember(store, setup["rows"], server=bool(setup.get("db_url")))
        await store.close()
    names = tuple(name for name in business.modules if name != "gateway")
    async with hosted(setup, *names, business=business) as host:
        second = host.modules["second"]

        async def answer(request: Request) -> float:
            """Microseconds a message: each is handled by the first module, and what follows by the second."""
            another = orders(padding=request.get("padding", 0))
            made = [envelope(another(), "second") for _ in range(request["count"])]
            aim = await _last(second.store) + len(made)
            began = time.perf_counter()
            await second.writer.submit(partial(_send, made))
            while await _last(second.store) < aim:
                await asyncio.sleep(_LOOK_SECONDS)
            return (time.perf_counter() - began) / len(made) * 1e6

        yield Answering(answer)


async def _send(made: list[Envelope], transaction: Transaction) -> None:
    transaction.send([(each, ("first",)) for each in made])


async def _last(store: Store) -> int:
    return int((await store.reader.rows(_HANDLED))[0][0] or 0)


async def _remember(store: Store, rows: int, *, server: bool) -> None:
    """A history of an hour ago: too young to be pruned."""
    numbers = (_SERVER if server else _FILES).format(rows=rows)
    body = "decode(repeat('00', 100), 'hex')" if server else "zeroblob(100)"
    since = SystemClock().now() - _HOUR
    await store.writer.begin()
    for statement in _HISTORY:
        await store.writer.sql.run(statement.format(numbers=numbers, body=body, time=since))
    await store.writer.commit()
