"""Each generated client is strictly typed, buys in the real shop, and makes messages that the broker's side takes."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from amphibus.partitions.assignment import partition_of
from contracts.orders import v1 as orders
from tests.architecture.tree import ROOT
from tests.distributed.commands import typed
from tests.services import node_program

HERE = Path(__file__).parent
PROGRAM = HERE / "node"


def _generate(language: str, to: Path) -> None:
    typed(ROOT, "generate", "client", language, f"--to={to}", environ={}).check_returncode()


async def _ran(folder: Path, *words: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *words, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The TypeScript client and a program that uses it, compiled as strictly as `tsc` can."""
    folder = node_program.installed(PROGRAM, tmp_path_factory.mktemp("node"))
    _generate("typescript", folder / "shop")
    ended = subprocess.run(["npx", "tsc"], cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout
    return folder


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python client and a program that uses it."""
    folder = tmp_path_factory.mktemp("python")
    _generate("python", folder / "shop")
    (folder / "buy.py").write_text((HERE / "buy.py.txt").read_text())
    return folder


@pytest.mark.asyncio
async def test_the_python_client_buys_in_the_shop(package: Path, shop_url: str) -> None:
    order_id = str(uuid4())
    code, said = await _ran(package, sys.executable, "buy.py", shop_url, order_id)

    assert code == 0, said
    _bought(json.loads(said), order_id)


@pytest.mark.asyncio
async def test_the_typescript_client_buys_in_the_shop(compiled: Path, shop_url: str) -> None:
    order_id = str(uuid4())
    code, said = await _ran(compiled, "node", "built/buy.js", shop_url, order_id)

    assert code == 0, said
    found = json.loads(said)
    found["outgoing"]["headers"] = found["outgoing"].pop("options")["headers"]
    _bought(found, order_id)


def _bought(found: dict[str, Any], order_id: str) -> None:
    outgoing = found.pop("outgoing")
    assert found == {
        "same": True,
        "status": "confirmed",
        "total": "6.78",
        "reference": "Grüße, 商店",
        "email": "ada@example.com",
        "listed": [order_id],
        "missing": "refused sku_not_found 404",
        "wrong": "problem 422 lines[0].quantity",
    }
    partition = partition_of(order_id, "m-1", 8)
    assert outgoing["exchange"] == "shop.dev.orders.commands"
    assert outgoing["routingKey"] == f"orders.PlaceOrder.v1.p{partition}"
    sent = orders.PlaceOrder.model_validate_json(outgoing["body"])
    assert str(sent.order_id) == order_id
    assert outgoing["headers"] == {
        "ce-specversion": "1.0",
        "ce-id": "m-1",
        "ce-type": "orders.PlaceOrder.v1",
        "ce-source": "/till-7",
        "ce-partitionkey": order_id,
    }


def test_the_python_client_is_strictly_typed(package: Path) -> None:
    words = ["-m", "mypy", "--strict", "--no-incremental", "--config-file=", "buy.py", "shop"]
    ended = subprocess.run(
        [sys.executable, *words], cwd=package, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout


def test_what_the_contracts_forbid_does_not_compile(compiled: Path) -> None:
    (compiled / "misuse.ts").write_text((PROGRAM / "misuse.ts.txt").read_text())
    ended = subprocess.run(
        ["npx", "tsc", "--noEmit"], cwd=compiled, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout


def test_the_lock_names_no_host() -> None:
    assert node_program.names_no_host(PROGRAM)
