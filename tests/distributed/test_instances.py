"""Two processes of every module, on databases that a server has."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from amphibus.testing import environment
from tests.distributed.commands import answer, free_ports, running, until
from tests.services.postgres import PostgresCluster, cluster

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server() -> Iterator[PostgresCluster]:
    yield from cluster()


def order(url: str, order_id: str) -> int:
    body = {
        "order_id": order_id,
        "customer": {"email": "ada@example.com"},
        "currency": "GBP",
        "lines": [{"sku": "CUP", "quantity": 1, "unit_price": "1.00"}],
        "payment_token": "tok_visa",
    }
    return httpx.post(f"{url}/v1/orders", json=body, timeout=100).status_code


@pytest.mark.full
def test_two_instances_of_every_module_share_the_work(
    server: PostgresCluster, broker: str, tmp_path: Path
) -> None:
    """One of payments is killed while orders come in; the other, and then its successor, go on."""
    port = free_ports(14)
    environ = {
        "AMPHIBUS_ENV": environment(tmp_path),
        "AMPHIBUS_AMQP_URL": broker,
        "AMPHIBUS_DB_URL": server.url(),
    }
    data = tmp_path / "var"
    options = ("--all", "--instances", "2", "--port", str(port), "--data-dir", str(data))
    run = running(ROOT, "--mode=distributed", *options, environ=environ, said=tmp_path)
    with run as command:
        command.until_said("  Try  ", within=120.0)
        first, second = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 7}"
        stock = {"lines": [{"sku": "CUP", "quantity": 100}]}
        assert httpx.post(f"{first}/v1/stock/receipts", json=stock, timeout=100).status_code == 202
        orders = [str(uuid4()) for _ in range(8)]
        for number, order_id in enumerate(orders):
            if number == 3:
                os.kill(int((data / "run" / "payments-1.pid").read_text()), signal.SIGKILL)
            assert order((first, second)[number % 2], order_id) == 202
        for order_id in orders:
            until(
                lambda order_id=order_id: (  # type: ignore[misc]
                    answer(f"{second}/v1/orders/{order_id}")[1]["status"] == "confirmed"
                ),
                "it is confirmed",
            )
        assert command.stop() == 0
