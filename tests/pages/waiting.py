"""The cost of many who wait for an outcome, measured and printed: `python -m tests.pages.waiting`.

The same orders are placed with nobody waiting and with a thousand clients, half of them by `Prefer: wait=20` and half
by event streams, in turn. What counts is the server's own time of a processor, as a busy machine has no other clock.
"""

import asyncio
import concurrent.futures
import os
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import httpx

from tests.distributed.commands import until
from tests.pages.shop import Shop, shop

_WAITERS: Final = 1_000
_WAITING_ORDERS: Final = 200
_ORDERS: Final = 100
_TURNS: Final = 3
_IDLE_SECONDS: Final = 20
_ENVIRON: Final = {
    "AMPHIBUS_GATEWAY__WAITERS_PER_CLIENT": "5000",
}
_BROKEN: Final = (
    "CREATE TRIGGER broken BEFORE INSERT ON payment BEGIN SELECT RAISE(ABORT, 'away'); END"
)


class _Crowd:
    """Clients that wait for orders which are not decided."""

    def __init__(self, url: httpx.URL, orders: list[str]) -> None:
        self._host, self._port = url.host, url.port or 80
        self._orders = orders
        self.there = 0
        """How many wait."""
        self._loop = asyncio.new_event_loop()
        self._waits: list[concurrent.futures.Future[None]] = []
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def come(self) -> None:
        self._thread.start()
        self._waits = [
            asyncio.run_coroutine_threadsafe(self._wait(number), self._loop)
            for number in range(_WAITERS)
        ]

    def leave(self) -> None:
        for each in self._waits:
            each.cancel()
        until(lambda: self.there == 0, "all have left")
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _wait(self, number: int) -> None:
        path = f"/v1/orders/{self._orders[number % len(self._orders)]}"
        head = f"GET {path}/events" if number % 2 else f"GET {path}"
        prefer = "" if number % 2 else "Prefer: wait=20\r\n"
        reader, writer = await asyncio.open_connection(self._host, self._port)
        self.there += 1
        try:
            while True:
                writer.write(f"{head} HTTP/1.1\r\nHost: shop\r\n{prefer}\r\n".encode())
                while not (await reader.readline()).startswith((b"data:", b"{")):
                    pass
        finally:
            writer.close()
            self.there -= 1


def _cpu(place: Shop) -> float:
    fields = Path(f"/proc/{place.command.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _decided(place: Shop) -> int:
    statement = "SELECT count(*) FROM amphibus_outbox WHERE type = 'orders.OrderConfirmed.v1'"
    with closing(sqlite3.connect(place.data / "orders.db", timeout=60)) as raw:
        return int(raw.execute(statement).fetchone()[0])


def _undecided(place: Shop) -> list[str]:
    """Orders whose payments are dead letters."""
    with closing(sqlite3.connect(place.data / "payments.db", timeout=60)) as raw:
        raw.execute(_BROKEN)
        orders = [place.order() for _ in range(_WAITING_ORDERS)]
        dead = "SELECT count(*) FROM amphibus_dead"
        until(lambda: raw.execute(dead).fetchone()[0] == _WAITING_ORDERS, "all are dead")
        raw.execute("DROP TRIGGER broken")
    return orders


def _per_order(place: Shop) -> float:
    """Milliseconds of a processor."""
    before, used = _decided(place), _cpu(place)
    for _ in range(_ORDERS):
        place.order()
    until(lambda: _decided(place) == before + _ORDERS, "all are decided", within=600)
    return (_cpu(place) - used) / _ORDERS * 1000


def _idle(place: Shop) -> float:
    """The share of a processor that is used while no order comes."""
    used, began = _cpu(place), time.monotonic()
    while time.monotonic() - began < _IDLE_SECONDS:
        time.sleep(1)
    return (_cpu(place) - used) / (time.monotonic() - began)


@contextmanager
def _crowded(place: Shop, orders: list[str]) -> Iterator[None]:
    crowd = _Crowd(httpx.URL(place.url), orders)
    crowd.come()
    until(lambda: crowd.there == _WAITERS, "all wait", within=600)
    try:
        yield
    finally:
        crowd.leave()


def main() -> None:
    """Measures it."""
    with tempfile.TemporaryDirectory() as folder, shop(Path(folder), **_ENVIRON) as place:
        place.stock()
        orders = _undecided(place)
        _per_order(place)
        alone, crowded = [], []
        for _ in range(_TURNS):
            alone.append(_per_order(place))
            with _crowded(place, orders):
                crowded.append(_per_order(place))
            print(f"a turn                   {alone[-1]:6.2f} and {crowded[-1]:.2f} ms", flush=True)
        nobody = _idle(place)
        with _crowded(place, orders):
            waiting = _idle(place)
    before, after = statistics.median(alone), statistics.median(crowded)
    print(f"an order                 {before:6.2f} ms of a processor, nobody waits")
    print(f"                         {after:6.2f} ms with {_WAITERS:,} who wait")
    print(f"while no order comes     {nobody:6.1%} of a processor, nobody waits")
    print(f"                         {waiting:6.1%} with {_WAITERS:,} who wait")
    print(f"of a full processor      {waiting - nobody:6.1%}; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
