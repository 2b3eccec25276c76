"""The shop in containers, as `compose.yaml` says, where a container engine answers."""

import json
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.architecture.tree import ROOT
from tests.distributed.commands import typed, until
from tests.services.ports import free_ports
from tests.topologies.system import MODULES

pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]
_PROJECT = "amphibus-test"
_WITHIN_SECONDS = 300.0
_PORTS = """
services:
  gateway: {{ ports: !override ["127.0.0.1:{port}:8000"] }}
  rabbitmq: {{ ports: !reset [] }}
"""
_ORDER = {
    "customer": {"email": "ada@example.com"},
    "currency": "GBP",
    "lines": [{"sku": "DEMO-LANTERN", "quantity": 1, "unit_price": "3.39"}],
    "payment_token": "tok_visa",
}


class Containers:
    """Those of the shop, under a name and on a port of the test's own."""

    def __init__(self, folder: Path) -> None:
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        ports, passwords = folder / "ports.yaml", folder / "passwords"
        ports.write_text(_PORTS.format(port=port))
        names = ("RABBITMQ_PASSWORD", "POSTGRES_PASSWORD")
        passwords.write_text("".join(f"{each}={secrets.token_hex(16)}\n" for each in names))
        self._command = (
            *("docker", "compose", "--project-name", _PROJECT, "--project-directory", str(ROOT)),
            *("--file", str(ROOT / "compose.yaml"), "--file", str(ports)),
            *("--env-file", str(passwords)),
        )

    def compose(self, *words: str) -> str:
        """Returns what `docker compose` prints."""
        ended = subprocess.run(
            [*self._command, *words], capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def start(self, *words: str) -> None:
        """Returns when the shop takes orders."""
        self.compose("up", "--detach", *words)
        until(self._is_ready, "the shop is ready", self._logs, within=_WITHIN_SECONDS)

    def order(self, key: str) -> str:
        """Places an order of that key and returns its id once it is confirmed."""
        answer = httpx.post(
            f"{self.url}/v1/orders", json=_ORDER, headers={"Idempotency-Key": key}, timeout=30
        )
        assert answer.status_code == 202, answer.text
        order_id: str = answer.json()["order_id"]
        until(lambda: self.status(order_id) == "confirmed", "it is confirmed", self._logs)
        return order_id

    def status(self, order_id: str) -> str | None:
        """Returns how far an order is."""
        answer = httpx.get(f"{self.url}/v1/orders/{order_id}", timeout=30)
        return answer.json().get("status") if answer.status_code == 200 else None

    def exit_codes(self) -> dict[str, int]:
        """Returns how each container has ended, by its name."""
        lines = self.compose("ps", "--all", "--format", "json", *MODULES).splitlines()
        return {each["Name"]: each["ExitCode"] for each in map(json.loads, lines)}

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def _logs(self) -> str:
        return self.compose("logs", "--tail", "20")


@pytest.fixture
def containers(tmp_path: Path) -> Iterator[Containers]:
    """Built if they are not there, and gone afterwards with all that they kept."""
    for words in (["info"], ["compose", "version"]):
        if (
            shutil.which("docker") is None
            or subprocess.run(["docker", *words], capture_output=True, check=False).returncode
        ):
            pytest.skip(f"no container engine answers: docker {' '.join(words)}")
    made = Containers(tmp_path)
    try:
        yield made
    finally:
        made.compose("down", "--volumes", "--rmi", "local")


def test_the_shop_sells_and_keeps_its_orders_through_a_kill_of_everything(
    containers: Containers,
) -> None:
    containers.start()
    shown = typed(ROOT, "demo", "--http", containers.url, environ={})
    containers.start("--scale", "orders=2", "orders")
    before = containers.order("before")
    containers.compose("kill")
    containers.start("--scale", "orders=2")
    until(lambda: containers.status(before) is not None, "the orders' own container answers")
    kept = containers.status(before)
    again = containers.order("before")
    later = containers.order("later")
    containers.compose("stop", *MODULES)
    ended = containers.exit_codes()

    assert (shown.returncode, "CONFIRMED" in shown.stdout) == (0, True), shown.stderr
    assert kept == "confirmed"
    assert again == before
    assert later != before
    assert set(ended.values()) == {0}
    assert len(ended) == len(MODULES) + 1
