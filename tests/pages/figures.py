"""The figures of the console, measured and printed: `python -m tests.pages.figures [NAME ...]`."""

import gzip
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Final

import httpx
from playwright.sync_api import Browser, expect

from tests.distributed.commands import free_ports, running
from tests.pages.chromium import chromium, watched
from tests.pages.conftest import Stand
from tests.pages.stand import write_stand

_LETTERS: Final = (100_000, 1_000_000)
_ROUNDS: Final = 36
_SALES: Final = 150
_TURNS: Final = 3
_VIEWERS: Final = 5
_FILTERS: Final = (
    "type=shelf.Sell.v1",
    "key=k-77777",
    "id=m-55555",
    "error=cause+17",
    "since=30d",
    "group=g17",
)
_PAINTED: Final = """
    new Promise((tell) => new PerformanceObserver((list) => {
      const found = list.getEntriesByName("first-contentful-paint")[0];
      if (found) tell(found.startTime);
    }).observe({ type: "paint", buffered: true }))"""
_PLANT: Final = """
    WITH RECURSIVE n(i) AS (SELECT ? UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
    INSERT INTO amphibus_dead (ordering_key, id, type, source, key, time, correlation, trace, reply, received,
        attempts, died, reason, error, traceback, blocks, exception, frame, fingerprint)
    SELECT '', 'm-' || i, 'shelf.Sell.v1', 'gateway', 'k-' || i, 1, 'f-' || i, '', 0, 1, 8, ? + i, 'failed',
        'Broken: cause ' || (i % 50) || ' of it', '', 0, 'Broken' || (i % 50), 'modules/shelf/handlers.py sell',
        'g' || (i % 50)
    FROM n"""


@contextmanager
def _stand(folder: Path) -> Iterator[Stand]:
    root, port = write_stand(folder / "stand"), free_ports(1)
    with running(root, "--port", str(port), environ={}) as command:
        command.until_said("  Try  ")
        yield Stand(root, command, f"http://127.0.0.1:{port}")


def paint(browser: Browser, stand: Stand) -> None:
    """The first paint of the map, and what a first load brings."""
    with watched(browser, stand.another_link()) as window:
        paints = []
        for _ in range(_ROUNDS // 4):
            page = window.see()
            paints.append(page.evaluate(_PAINTED))
        cookies = {str(each["name"]): str(each["value"]) for each in window.context.cookies()}
    paths = ("", "/static/console.css", "/static/console.js", "/static/icon.svg")
    loaded = (httpx.get(f"{stand.url}/console{each}", cookies=cookies).content for each in paths)
    size = sum(len(gzip.compress(each)) for each in loaded)
    print(f"first paint of the map      {statistics.median(paints):7.0f} ms (median)")
    print(f"first load, gzip            {size / 1000:7.1f} kB")


def filters(stand: Stand) -> None:
    """The answers of the lists of failures with many of them, by every filter."""
    with httpx.Client(base_url=stand.url, timeout=60) as client:
        link = stand.another_link()
        client.get(link.removeprefix(stand.url))
        for already, letters in pairwise((0, *_LETTERS)):
            _plant(stand, already, letters)
            for screen in ("/console/failed/shelf", "/console/failed"):
                _filter(client, stand, screen, letters)


def _plant(stand: Stand, first: int, letters: int) -> None:
    with closing(sqlite3.connect(stand.root / "var/shelf.db", timeout=60)) as raw:
        raw.execute(_PLANT, (first, letters, time.time_ns() // 1000 - letters))
        raw.commit()


def _filter(client: httpx.Client, stand: Stand, screen: str, letters: int) -> None:
    used, took, waited = _cpu(stand), [], []
    for each in _FILTERS * (_ROUNDS // 6 + 1):
        before = _queued(stand)
        took.append(_timed(client, f"{screen}?{each}"))
        waited.append(_queued(stand) - before)
    used = (_cpu(stand) - used) / len(took)
    alone = [each - queued for each, queued in zip(took, waited, strict=True)]
    print(f"{screen:<27} {_slow(took):7.0f} ms (p95 of {len(took)} filters, {letters:,} dead)")
    print(
        f"{'  without a queue':<27} {_slow(alone):7.0f} ms, as on a machine that does nothing else"
    )
    print(f"{'  of a processor':<27} {used * 1000:7.0f} ms each; load {os.getloadavg()[0]:.1f}")


def _slow(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _queued(stand: Stand) -> float:
    """Milliseconds that the server and this process were ready and had no processor, so far."""
    tasks = [Path("/proc/self/schedstat")]
    tasks += Path(f"/proc/{stand.command.process.pid}/task").glob("*/schedstat")
    return sum(int(each.read_text().split()[1]) for each in tasks) / 1e6


def viewers(browser: Browser, stand: Stand) -> None:
    """The throughput with viewers and without, in turns."""
    alone, seen, used = [], [], [0.0, 0.0]
    for _ in range(_TURNS):
        began = _cpu(stand)
        alone.append(_rate(stand))
        used[0] += _cpu(stand) - began
        with ExitStack() as stack:
            for _ in range(_VIEWERS):
                link = stand.another_link()
                window = stack.enter_context(watched(browser, link))
                expect(window.page.locator("#connection")).to_have_text("live")
            began = _cpu(stand)
            seen.append(_rate(stand))
            used[1] += _cpu(stand) - began
    before, after = max(alone), max(seen)
    print(f"sales a second              {before:7.0f} without viewers, {after:.0f} with {_VIEWERS}")
    print(
        f"cost of {_VIEWERS} viewers           {100 * (1 - after / before):7.1f} % of the throughput"
    )
    print(
        f"  of a processor            {100 * (used[1] / used[0] - 1):7.1f} % more for as many sales"
    )


def _cpu(stand: Stand) -> float:
    """Seconds of a processor that the server has used: on a busy machine they say more than the clock."""
    fields = Path(f"/proc/{stand.command.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _timed(client: httpx.Client, path: str) -> float:
    began = time.perf_counter()
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return (time.perf_counter() - began) * 1000


def _rate(stand: Stand) -> float:
    began = time.perf_counter()
    with httpx.Client(base_url=stand.url, timeout=60) as client:
        for number in range(_SALES):
            body = {"item": f"cup {number}", "buyer": "Ada"}
            assert client.post("/v1/sales", json=body).status_code == 202
    return _SALES / (time.perf_counter() - began)


def main(*names: str) -> None:
    """Measures all of it, or what is named: `paint`, `viewers`, `filters`."""
    with tempfile.TemporaryDirectory() as folder, _stand(Path(folder)) as stand:
        with chromium() as browser:
            measures: tuple[Callable[[Browser, Stand], None], ...] = (paint, viewers)
            for each in measures:
                if not names or each.__name__ in names:
                    each(browser, stand)
        if not names or filters.__name__ in names:
            filters(stand)


if __name__ == "__main__":
    main(*sys.argv[1:])
