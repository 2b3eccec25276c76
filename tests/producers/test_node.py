"""The wire format is documented well enough for a program in another language, by other people's library."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from amphibus.routing.project import Project
from amphibus.testing import Harness, environment
from contracts.inventory import v1 as inventory
from contracts.orders import v1 as orders
from tests.architecture.tree import ROOT
from tests.services import node_program, rabbitmq

PROGRAM = Path(__file__).parent / "node"
PARTITIONS = 8
"""Those of a shop where nothing else is set, which the program knows from the documentation."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, installed as its lock says. Where there is no Node, what is missing is said."""
    return node_program.installed(PROGRAM, tmp_path_factory.mktemp("node"))


@pytest.mark.asyncio
async def test_a_node_program_places_orders_and_hears_what_becomes_of_them(
    program: Path, broker: str, tmp_path: Path
) -> None:
    project = Project.find(ROOT)
    stock = {"receipt_id": str(uuid4()), "lines": [{"sku": "BULB", "quantity": 5}]}
    example = orders.PlaceOrder.contract_example or {}
    line = {"sku": "BULB", "quantity": 2, "unit_price": "3.39"}
    good = {**example, "order_id": str(uuid4()), "lines": [line], "reference": "Grüße, 商店"}
    too_many = {**good, "order_id": str(uuid4()), "lines": [{**line, "quantity": 50}]}
    try:
        async with Harness.of(
            project,
            transport="rabbitmq",
            amqp_url=broker,
            data_dir=tmp_path,
            settings={"bus.partitions": PARTITIONS},
        ) as shop:
            await shop.send(inventory.ReceiveStock.model_validate(stock))
            confirmed = await _place(program, broker, tmp_path, good)
            again = await _place(program, broker, tmp_path, too_many)
            await shop.settle()

            assert confirmed["type"] == "orders.OrderConfirmed.v1"
            assert confirmed["data"]["order_id"] == good["order_id"]
            assert confirmed["data"]["total"] == "6.78"
            assert confirmed["data"]["reference"] == "Grüße, 商店"
            assert confirmed["headers"]["ce-correlationid"] == f"order-{good['order_id']}"
            assert again["type"] == "orders.OrderRejected.v1"
            assert again["data"]["reasons"] == ["out_of_stock"]
            assert {row["source"] for row in shop.inbox("orders")} >= {"till-7"}
            assert shop.dead("orders") == []
    finally:
        await rabbitmq.forget(broker, tmp_path, project.topology(), PARTITIONS)


def test_the_lock_names_no_host() -> None:
    assert node_program.names_no_host(PROGRAM)


async def _place(program: Path, url: str, folder: Path, order: dict[str, Any]) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        "node",
        "place_order.mjs",
        url,
        f"shop.{environment(folder)}.",
        cwd=program,
        env={"PATH": os.environ["PATH"]},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(45):
        said, errors = await process.communicate(json.dumps(order).encode())
    assert process.returncode == 0, errors.decode()
    found: dict[str, Any] = json.loads(said)
    return found
