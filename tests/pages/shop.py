"""The shop as people run it, in one process or in many, and what may befall it while a browser looks."""

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx

from amphibus.console.sessions import Sessions
from amphibus.testing import environment
from tests.distributed.commands import Running, free_ports, running, until

ROOT: Final = Path(__file__).parents[2]
_SKU: Final = "LANTERN"


def another_link(url: str, data_dir: Path) -> str:
    """An address that lets in once; links know nothing of an audience."""
    return f"{url}/console?token={Sessions(data_dir, '').link('somebody')}"


class Shop:
    """What runs. Lives as long as its command."""

    def __init__(self, command: Running, url: str, data: Path) -> None:
        self.command = command
        self.url = url
        self.data = data

    @property
    def link(self) -> str:
        """The address that `run` printed."""
        return self.command.named("Console")

    def another_link(self) -> str:
        """An address as `amphibus console` prints it."""
        return another_link(self.url, self.data)

    def stock(self, pieces: int = 100_000) -> None:
        lines = [{"sku": _SKU, "quantity": pieces}]
        self._post("/v1/stock/receipts", {"receipt_id": str(uuid4()), "lines": lines})

    def order(self, token: str = "tok_visa", **more: Any) -> str:
        """Places an order; returns its id."""
        order_id = str(uuid4())
        body = {
            "order_id": order_id,
            "customer": {"customer_id": "C-1001", "email": "ada@example.com"},
            "currency": "GBP",
            "lines": [{"sku": _SKU, "quantity": 1, "unit_price": "3.50"}],
            "payment_token": token,
            "reference": "R-1",
        }
        self._post("/v1/orders", body | more)
        return order_id

    def pid(self, module: str) -> int:
        """The process of a module under the supervisor; 0 if it has none now."""
        try:
            return int((self.data / "run" / f"{module}.pid").read_text())
        except (FileNotFoundError, ValueError):
            return 0

    @contextmanager
    def without(self, module: str) -> Iterator[None]:
        """Kills its process, which comes back afterwards."""
        hold = self.data / "run" / f"{module}.hold"
        hold.write_text(str(os.getpid()))
        os.kill(self.pid(module), signal.SIGKILL)
        try:
            yield
        finally:
            hold.unlink()

    def break_reporting(self) -> None:
        """Lets reporting fail at whatever it writes."""
        self._in_reporting(
            "CREATE TRIGGER broken BEFORE INSERT ON sales BEGIN SELECT RAISE(ABORT, 'out of ink'); END"
        )

    def mend_reporting(self) -> None:
        self._in_reporting("DROP TRIGGER broken")

    def dead(self) -> int:
        """How many dead letters reporting has, as the registry says."""
        rows = httpx.get(f"{self.url}/v1/registry", timeout=100).json()["processes"]
        return sum(row.get("hosted", {}).get("reporting", {}).get("dead", 0) for row in rows)

    def fail(self, orders: int) -> list[str]:
        """Places orders that reporting fails at, twice each; returns their ids."""
        before = self.dead()
        self.break_reporting()
        placed = [self.order() for _ in range(orders)]
        until(lambda: self.dead() >= before + 2 * orders, f"{orders} are dead")
        self.mend_reporting()
        return placed

    def _in_reporting(self, statement: str) -> None:
        with closing(sqlite3.connect(self.data / "reporting.db", timeout=60)) as connection:
            connection.execute(statement)

    def _post(self, path: str, body: dict[str, Any]) -> None:
        answer = httpx.post(f"{self.url}{path}", json=body, timeout=60)
        assert answer.status_code == 202, answer.text


@contextmanager
def shop(folder: Path, broker: str = "", **environ: str) -> Iterator[Shop]:
    """Runs it: over a broker as a process for each module, else as one process."""
    port, data = free_ports(8), folder / "var"
    set_: dict[str, str] = {
        "AMPHIBUS_ENV": environment(folder),
        "AMPHIBUS_PORT": str(port),
        "AMPHIBUS_DATA_DIR": str(data),
        "AMPHIBUS_BUS__QUICK_RETRIES": "0",
        "AMPHIBUS_BUS__MAX_ATTEMPTS": "1",
        **({"AMPHIBUS_AMQP_URL": broker} if broker else {}),
        **environ,
    }
    options = ("--mode=distributed", "--all") if broker else ()
    with running(ROOT, *options, environ=set_, said=folder) as command:
        command.until_said("  Try  ", within=300)
        yield Shop(command, f"http://127.0.0.1:{port}", data)
