"""A figure that cannot be measured is named, and costs none of the others."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.benchmarks import __main__ as command
from tests.benchmarks.bench import Bench
from tests.benchmarks.child import Broken, Child
from tests.benchmarks.figures import Figure
from tests.benchmarks.load import Wires
from tests.benchmarks.orders import SKUS
from tests.benchmarks.outside import Letters
from tests.benchmarks.services import Services
from tests.benchmarks.shops import Shop


def a_bench(folder: Path) -> Bench:
    async def versions() -> dict[str, str]:
        return {"rabbitmq": "4.0.5", "postgres": "17.0"}

    services = SimpleNamespace(place=lambda _name: folder, versions=versions)
    return Bench(cast(Services, services), quick=True)


def a_figure(name: str) -> Figure:
    return Figure(name, f"{name}-rate", "A rate", "messages/s", {"ours": [90.0, 100.0]})


@pytest.mark.asyncio
async def test_what_was_measured_is_kept_and_the_others_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def measure(name: str, bench: Bench) -> AsyncIterator[Figure]:
        yield a_figure(name)
        if name == "flow":
            await bench.in_turn("flow, 64 in flight", {"monolith": no_mail})

    async def no_mail() -> None:
        raise TimeoutError

    monkeypatch.setattr(command, "measure", measure)
    outcome = await command.run(["flow", "hop"], a_bench(tmp_path))

    assert list(outcome.results) == ["flow", "hop"]
    assert outcome.failed == {
        "flow": "flow, 64 in flight, monolith, 1 of 2: something did not come in time"
    }
    capsys.readouterr()
    assert command.tell(outcome, as_json=True) == 1
    said = capsys.readouterr()
    assert list(json.loads(said.out)) == ["flow", "hop"]
    assert said.err.splitlines()[0] == "error  the figures of 'flow' could not all be measured"
    assert said.err.splitlines()[2] == "  fix  amphibus bench --only flow"


class Warehouse:
    """A shop whose goods arrive a few looks after it said that it has them."""

    pid = 1

    def __init__(self) -> None:
        self.looks = 0
        self.ready = {"url": ""}

    async def ask(self, do: str, **_: Any) -> dict[str, int]:
        if do == "stock":
            self.looks += 1
            return {"inventory": len(SKUS) if self.looks > 3 else 0}
        return {"orders": 1_000_000}

    async def send(self, raw: bytes, _expected: int) -> bytes:
        if b"/v1/orders" in raw:
            raise Broken(f"an order after {self.looks} looks")
        return b""


@asynccontextmanager
async def collected() -> AsyncIterator[Letters]:
    with Letters.collected() as letters:
        yield letters


@pytest.mark.asyncio
async def test_the_first_order_waits_for_the_stock() -> None:
    """Else it is rejected, its effects never come, and the run ends after a minute."""
    shop = Warehouse()
    async with collected() as letters:
        made = Shop([cast(Child, shop)], cast(Wires, shop), letters)
        with pytest.raises(Broken, match="an order after 4 looks"):
            await asyncio.wait_for(made.prepare(), 60)
