"""An image holds one module's code, and the modules work together, each from its own image's files."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest

from contracts.orders import v1 as orders
from tests.architecture.tree import ROOT
from tests.services import postgres, rabbitmq
from tests.services.addresses import addressed
from tests.services.ports import free_ports
from tests.services.postgres import PostgresCluster
from tests.topologies.system import MODULES

AMPHIBUS = Path(sys.executable).with_name("amphibus")


@pytest.mark.parametrize("module", MODULES)
def test_an_image_holds_one_modules_code_and_no_others(module: str, tmp_path: Path) -> None:
    """Who may read an image reads no other team's code, and a change elsewhere makes no new one."""
    listed = _amphibus(ROOT, "export", "image", "--list", "--module", module).stdout.split()
    _amphibus(ROOT, "export", "image", "--module", module, "--to", str(tmp_path / "image"))
    there = {
        path.relative_to(tmp_path / "image").as_posix()
        for path in (tmp_path / "image").rglob("*")
        if path.is_file()
    }

    assert there == set(listed)
    assert {name.split("/")[1] for name in listed if name.startswith("modules/")} <= {
        "__init__.py",
        module,
    }
    assert ("modules/payments/handlers.py" in listed) is (module == "payments")
    assert {name.split("/")[0] for name in listed} == {"config", "contracts", "modules"}
    assert {
        "config/topology.lock.json",
        "config/distributed.toml",
        "contracts/orders/v1.py",
    } <= there
    assert not any("__pycache__" in name or name.endswith(".pyc") for name in listed)


def test_an_image_of_nothing_is_refused(tmp_path: Path) -> None:
    unknown = _amphibus(ROOT, "export", "image", "--module", "nobody", check=False)
    (tmp_path / "there").write_text("")
    full = _amphibus(
        ROOT, "export", "image", "--module", "orders", "--to", str(tmp_path), check=False
    )

    assert unknown.returncode == 2
    assert (
        "there are catalog, inventory, notifications, orders, payments, reporting, gateway"
        in unknown.stderr
    )
    assert full.returncode == 1
    assert "is not empty" in full.stderr


def test_the_dockerfile_takes_its_files_from_the_list_alone() -> None:
    """A second place that says what an image holds would soon say something else."""
    text = (ROOT / "Dockerfile").read_text()
    last = text[text.rindex("\nFROM ") :]
    copies = [line.split() for line in last.splitlines() if line.startswith("COPY")]

    assert 'amphibus export image --module "${MODULE:' in text
    assert [words[1:] for words in copies] == [
        ["--from=runtime", "/opt/amphibus", "/opt/amphibus"],
        ["--from=files", "/image", "/app"],
    ]


@dataclass
class Deployment:
    """Seven images, a broker and a database server, set up as `compose.yaml` does it."""

    folder: Path
    node: rabbitmq.RabbitNode
    management: str
    database: str
    port: int
    processes: dict[str, "subprocess.Popen[str]"] = field(default_factory=dict)

    def set_up(self) -> None:
        """What the service `setup` does, with the code of the gateway's image alone."""
        image, secrets = self._image("gateway"), self.folder / "secrets"
        users = ("--users", str(secrets / "setup" / "broker-users.json"))
        at, management = f"127.0.0.1:{self.node.port}", addressed(self.management, self.folder)
        _amphibus(image, "broker", "apply", *users, "--management", management)
        _amphibus(
            image,
            "broker",
            "definitions",
            *users,
            "--urls",
            str(secrets),
            "--at",
            at,
            "--to",
            str(self.folder / "definitions.json"),
        )
        roles = ("--roles", str(secrets / "setup" / "db-roles.json"), "--urls", str(secrets))
        _amphibus(image, "db", "create", *roles, "--db", self.database)
        checked = _amphibus(image, "broker", "check", *users, "--management", management)
        assert "as the front pages say" in checked.stdout

    @contextmanager
    def running(self, module: str) -> Iterator[None]:
        """A module's process, as its container runs it."""
        secrets = self.folder / "secrets" / module
        log = (self.folder / f"{module}.log").open("w")
        process = subprocess.Popen(
            [AMPHIBUS, "run", "--mode=distributed", f"--module={module}", "--port", str(self.port)],
            cwd=self._image(module),
            env=_environment()
            | {
                "AMPHIBUS_AMQP_URL_FILE": str(secrets / "amqp-url"),
                "AMPHIBUS_DB_URL_FILE": str(secrets / "db-url"),
                "AMPHIBUS_DATA_DIR": str(self.folder / "data" / module),
                "AMPHIBUS_RABBITMQ__VERIFY_SENDERS": "true",
            },
            stdout=log,
            stderr=log,
            text=True,
        )
        self.processes[module] = process
        try:
            yield
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            log.close()

    def until_ready(self) -> None:
        """Returns when the health check of every container would be green."""
        ends = time.monotonic() + 120
        for module, process in self.processes.items():
            probe = ("probe", "--module", module, "--port", str(self.port))
            while _amphibus(self._image(module), *probe, check=False).returncode:
                said = (self.folder / f"{module}.log").read_text()[-2000:]
                assert process.poll() is None, f"{module} ended: {said}"
                assert time.monotonic() < ends, f"{module} is not ready: {said}"

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """What the gateway answers."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = Request(f"http://127.0.0.1:{self.port}{path}", data, headers, method=method)
        try:
            with urlopen(request, timeout=100) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except URLError as error:
            return getattr(error, "code", 0), None

    def _image(self, module: str) -> Path:
        place = self.folder / "images" / module
        if not place.exists():
            _amphibus(ROOT, "export", "image", "--module", module, "--to", str(place))
        return place


@pytest.mark.full
def test_modules_from_their_images_with_no_more_rights_than_they_need_sell_an_order(
    tmp_path: Path,
) -> None:
    """What `docker compose up` starts, without containers: files, users, roles, secrets, health."""
    with ExitStack() as stack:
        deployment = stack.enter_context(_deployment(tmp_path))
        deployment.set_up()
        for module in MODULES:
            stack.enter_context(deployment.running(module))
        deployment.until_ready()
        order_id = str(uuid4())
        receipt = {"receipt_id": str(uuid4()), "lines": [{"sku": "BULB", "quantity": 5}]}
        example = orders.PlaceOrder.contract_example or {}
        line = {"sku": "BULB", "quantity": 2, "unit_price": "3.39"}
        order = {**example, "order_id": order_id, "lines": [line]}

        assert deployment.ask("POST", "/v1/stock/receipts", receipt)[0] == 202
        assert deployment.ask("POST", "/v1/orders", order)[0] == 202
        assert _decided(deployment, order_id)["status"] == "confirmed"

        for process in deployment.processes.values():
            process.send_signal(signal.SIGTERM)
        ended = {module: each.wait(30) for module, each in deployment.processes.items()}
        assert ended == dict.fromkeys(MODULES, 0)


def _decided(deployment: Deployment, order_id: str) -> dict[str, Any]:
    ends = time.monotonic() + 60
    while True:
        status, found = deployment.ask("GET", f"/v1/orders/{order_id}")
        if status == 200 and found["status"] != "pending":
            return dict(found)
        assert time.monotonic() < ends, (status, found)
        time.sleep(0.05)


@contextmanager
def _deployment(folder: Path) -> Iterator[Deployment]:
    first, second = free_ports(2)
    cluster = PostgresCluster(postgres.programs())
    management = f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {first}\n"
    node = rabbitmq.RabbitNode(rabbitmq.scripts(), more=management)
    (node._folder / "plugins").write_text("[rabbitmq_management].\n")
    try:
        cluster.start()
        node.start()
        management = f"http://guest:guest@127.0.0.1:{first}"
        yield Deployment(folder, node, management, cluster.fresh(), second)
    finally:
        node.destroy()
        cluster.destroy()


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("AMPHIBUS_")}


def _amphibus(
    root: Path, *arguments: str, check: bool = True
) -> "subprocess.CompletedProcess[str]":
    outcome = subprocess.run(
        [AMPHIBUS, *arguments],
        cwd=root,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert not check or outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome
