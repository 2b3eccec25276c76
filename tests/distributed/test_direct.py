"""The shop as separate processes while its broker is gone: everything can be read, and what is decided at once is."""

import os
import signal
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from amphibus.testing import environment
from tests.distributed.commands import answer, free_ports, running, until
from tests.services.rabbitmq import RabbitNode

ROOT = Path(__file__).parents[2]


class Client:
    """A customer with one order."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.order = str(uuid4())
        self.routes = (
            "/v1/stock/CUP",
            "/v1/notifications",
            f"/v1/orders/{self.order}",
            "/v1/orders",
            f"/v1/payments/{self.order}",
            "/v1/reports/sales",
        )

    def buy(self) -> None:
        """Orders three cups, of a hundred that were received."""
        lines = [{"sku": "CUP", "quantity": 100}]
        assert self.post("/v1/stock/receipts", {"lines": lines}).status_code == 202
        order = {
            "order_id": self.order,
            "customer": {"email": "ada@example.com"},
            "currency": "GBP",
            "lines": [{"sku": "CUP", "quantity": 3, "unit_price": "1.00"}],
            "payment_token": "tok_visa",
        }
        assert self.post("/v1/orders", order).status_code == 202
        until(self.is_confirmed, "it is confirmed")

    def is_confirmed(self) -> bool:
        code, body = answer(f"{self.url}/v1/orders/{self.order}")
        return code == 200 and body["status"] == "confirmed"

    def reads(self) -> set[int]:
        """The statuses of everything that can be read."""
        return {answer(f"{self.url}{route}")[0] for route in self.routes}

    def give_back(self, return_id: str) -> httpx.Response:
        """A command that its owner decides at once."""
        body = {"return_id": return_id, "lines": [{"sku": "CUP", "quantity": 1}]}
        return self.post(f"/v1/orders/{self.order}/returns", body)

    def post(self, route: str, body: object) -> httpx.Response:
        return httpx.post(f"{self.url}{route}", json=body, timeout=100)

    def broker(self) -> str:
        """Why it is degraded, as `/readyz` says; empty while it is not."""
        code, body = answer(f"{self.url}/readyz")
        return str(body.get("reasons", {}).get("broker", "")) if code == 200 else ""

    def asked(self, way: str) -> float:
        """How many requests the gateway has asked by a way."""
        _, text = answer(f"{self.url}/metrics")
        name = f'amphibus_requests_total{{way="{way}"}} '
        return sum(
            float(line.removeprefix(name)) for line in text.splitlines() if line.startswith(name)
        )


@pytest.mark.full
def test_without_its_broker_the_shop_is_read_and_decides(
    tmp_path: Path, fragile: RabbitNode
) -> None:
    port = free_ports(7)
    environ = {"AMPHIBUS_ENV": environment(tmp_path), "AMPHIBUS_AMQP_URL": fragile.url}
    options = ("--all", "--port", str(port), "--data-dir", str(tmp_path / "var"))
    with running(ROOT, "--mode=distributed", *options, environ=environ, said=tmp_path) as command:
        command.until_said("  Try  ", within=120.0)
        client = Client(f"http://127.0.0.1:{port}")
        client.buy()
        until(lambda: client.reads() == {200}, "everything is there")
        assert client.asked("direct") > 0

        fragile.kill()
        until(lambda: "requests go directly" in client.broker(), "it says so", within=100)
        over_the_broker = client.asked("broker")
        assert client.reads() == {200}
        returned = str(uuid4())
        given_back = client.give_back(returned)
        assert given_back.status_code < 300, given_back.text
        assert client.give_back(returned).content == given_back.content
        assert client.reads() == {200}
        assert client.asked("broker") == over_the_broker

        orders = int((tmp_path / "var" / "run" / "orders.pid").read_text())
        os.kill(orders, signal.SIGKILL)
        until(lambda: client.reads() == {200}, "its successor answers, and never saw the broker")
        assert client.give_back(str(uuid4())).status_code < 300
        assert client.asked("direct") > 0

        fragile.start()
        until(lambda: not client.broker(), "the broker is back")
        until(lambda: client.reads() == {200}, "everything can be read")
        assert command.stop() == 0
