"""Everything at once that a client can do to the gateway: it stays small, and honest orders go on."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.benchmarks.orders import Orders, receipt
from tests.distributed.commands import WITHIN_SECONDS, until

pytestmark = [pytest.mark.asyncio, pytest.mark.full, pytest.mark.timeout(900)]
ROOT: Final = Path(__file__).parents[2]
MEGABYTES: Final = 300
SLOW: Final = 2_000
_ORDERS: Final = 60
_FILES: Final = 1_024


class Honest:
    """A customer who orders one thing after the other, and somebody who watches /livez."""

    def __init__(self, url: str) -> None:
        json = {"content-type": "application/json"}
        self._client = httpx.AsyncClient(base_url=url, timeout=120, headers=json)
        self._watch = httpx.AsyncClient(base_url=url, timeout=120)
        self._orders = Orders()
        self.placed: list[str] = []
        self.statuses: set[int] = set()

    async def work(self, orders: int) -> tuple[float, list[float]]:
        """Returns the orders a second, and how long each look at /livez took meanwhile."""
        began, looks = time.monotonic(), list[float]()
        looking = asyncio.create_task(self._look(looks))
        await self._order(orders)
        rate = orders / (time.monotonic() - began)
        looking.cancel()
        await asyncio.wait((looking,))
        return rate, sorted(looks)

    async def settle(self) -> set[str]:
        """Returns what became of the orders."""
        found: set[str] = set()
        for each in self.placed:
            while (status := (await self._client.get(each)).json()["status"]) == "pending":
                await asyncio.sleep(0.1)
            found.add(status)
        return found

    async def stock(self) -> None:
        """Fills the shelves."""
        filled = await self._client.post("/v1/stock/receipts", content=receipt())
        assert filled.status_code == 202, filled.text

    async def close(self) -> None:
        """Goes."""
        await self._client.aclose()
        await self._watch.aclose()

    async def _order(self, orders: int) -> None:
        for _ in range(orders):
            _, body = self._orders.another()
            answer = await self._client.post("/v1/orders", content=body)
            self.statuses.add(answer.status_code)
            self.placed.append(answer.headers["location"])

    async def _look(self, looks: list[float]) -> None:
        while True:
            began = time.monotonic()
            self.statuses.add((await self._watch.get("/livez")).status_code + 2)
            looks.append(time.monotonic() - began)
            await asyncio.sleep(0.02)


@contextmanager
def shop(folder: Path) -> Iterator[tuple[int, str]]:
    """The shop in one process that may open few files; its process id and its address."""
    said = folder / "said"
    command = f"ulimit -n {_FILES}; exec {sys.executable} -m amphibus.cli run --port 0 --data-dir {folder}"
    with said.open("wb") as file:
        process = subprocess.Popen(["sh", "-c", command], cwd=ROOT, stdout=file, stderr=file)
    try:
        until(lambda: "  Try  " in said.read_text(), "it runs", said.read_text, 300)
        api = next(line for line in said.read_text().splitlines() if line.split()[:1] == ["API"])
        yield process.pid, api.split()[1]
    finally:
        process.terminate()
        process.wait(WITHIN_SECONDS)


@asynccontextmanager
async def attacked(port: int) -> AsyncIterator[dict[str, int]]:
    """Attackers at work; at the end it holds what they have done."""
    attackers = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.gateway.attackers", f"{port}", f"{SLOW}",
        cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert attackers.stdout is not None
    done: dict[str, int] = {}
    try:
        await attackers.stdout.readline()  # all are at work
        yield done
    finally:
        said, _ = await attackers.communicate(b"")  # which closes its input
        done.update(json.loads(said))


def memory_of(pid: int) -> dict[str, float]:
    """The memory of a process in megabytes: now and at its highest."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return {name: int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")}


async def test_worst_bodies_slow_clients_and_endless_heads_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it costs is printed; what is asserted does not depend on how fast the machine is."""
    with shop(tmp_path) as (pid, url):
        honest = Honest(url)
        await honest.stock()
        usual_rate, usual = await honest.work(_ORDERS)
        before = memory_of(pid)
        async with attacked(int(url.rpartition(":")[2])) as done:
            rate, looks = await honest.work(_ORDERS)
            files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        after = memory_of(pid)
        became = await honest.settle()
        await honest.close()
    with capsys.disabled():
        _print(done, usual_rate, rate, usual, looks, before, after)
    assert honest.statuses == {202}  # 202 of orders, and 200 + 2 of looks
    assert became == {"confirmed"}
    assert after["VmHWM"] < MEGABYTES
    assert files < _FILES - 64
    assert done["connections"] > SLOW
    assert "heads of 100 MB taken whole" not in done
    assert not [each for each in done if each.startswith("body answered 5") and "503" not in each]


def _print(
    done: dict[str, Any],
    usual_rate: float,
    rate: float,
    usual: list[float],
    looks: list[float],
    before: dict[str, float],
    after: dict[str, float],
) -> None:
    print(f"\nattackers: {done}")  # noqa: T201
    print(f"orders/s: {usual_rate:.1f} before, {rate:.1f} under attack")  # noqa: T201
    for name, found in (("before", usual), ("under attack", looks)):
        median, late = (found[int(len(found) * part)] * 1e3 for part in (0.5, 0.99))
        print(f"/livez {name}: median {median:.1f} ms, p99 {late:.1f} ms")  # noqa: T201
    print(f"memory: {before['VmRSS']:.0f} MB before, {after['VmHWM']:.0f} MB at most")  # noqa: T201
