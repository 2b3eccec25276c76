"""The shop runs on from stores of an older version, to the end that the older one would have reached."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from amphibus.testing import Harness
from tests.architecture.tree import ROOT
from tests.services.postgres import PostgresCluster
from tests.upgrades.old_stores import OldStores, in_files, on_a_server

pytestmark = pytest.mark.asyncio

_DELAYS = 4
"""Retries that are due in turn: a message that waits behind another comes after it."""


async def test_a_monolith_runs_on_from_its_files(tmp_path: Path) -> None:
    old = in_files("sqlite-monolith", tmp_path)

    await _run(old, "memory")

    _is_at_its_end(old, "monolith")


@pytest.mark.full
async def test_a_distributed_system_runs_on_from_its_files(tmp_path: Path, broker: str) -> None:
    old = in_files("sqlite-distributed", tmp_path)

    await _run(old, "rabbitmq", broker)

    _is_at_its_end(old, "distributed")


@pytest.mark.full
async def test_what_was_distributed_runs_on_as_a_monolith(tmp_path: Path, broker: str) -> None:
    old = in_files("sqlite-distributed", tmp_path)

    await _run(old, "memory", broker)

    _is_at_its_end(old, "monolith")


@pytest.mark.full
async def test_a_monolith_runs_on_from_its_schemas(
    tmp_path: Path, cluster: PostgresCluster
) -> None:
    old = on_a_server("postgresql-monolith", tmp_path, cluster)
    assert old.amphibus("db", "upgrade").returncode == 0

    await _run(old, "memory")

    _is_at_its_end(old, "monolith")


@pytest.mark.full
async def test_a_distributed_system_runs_on_from_its_schemas(
    tmp_path: Path, cluster: PostgresCluster, broker: str
) -> None:
    old = on_a_server("postgresql-distributed", tmp_path, cluster)
    assert old.amphibus("db", "upgrade").returncode == 0

    await _run(old, "rabbitmq", broker)

    _is_at_its_end(old, "distributed")


async def _run(old: OldStores, transport: str, broker: str | None = None) -> None:
    settings = old.settings
    if transport == "memory" and broker is not None:
        settings = settings | {"amqp_url": broker, "env": "upgraded"}
    async with Harness.of(
        ROOT, data_dir=old.data, transport=transport, amqp_url=broker, settings=settings
    ) as shop:
        for _ in range(_DELAYS):
            await shop.advance(minutes=10)


def _is_at_its_end(old: OldStores, mode: str) -> None:
    end: Mapping[str, Any] = old.expected["end"][mode]
    orders = old.rows("orders", "SELECT order_id, state, reasons FROM customer_order")
    states = {str(row[0]).replace("-", ""): row[1] for row in orders}
    stock = old.rows("inventory", "SELECT sku, on_hand, reserved FROM stock")
    mails = old.rows("notifications", "SELECT kind, count(*) FROM notification GROUP BY kind")

    assert states == {
        order.replace("-", ""): facts["state"] for order, facts in end["orders"].items()
    }
    assert {row[0]: {"on_hand": row[1], "reserved": row[2]} for row in stock} == end["stock"]
    assert {row[0]: row[1] for row in mails} == end["notifications"]
    for module, facts in end["modules"].items():
        for what in ("delayed", "dead"):
            rows = old.rows(module, f"SELECT id FROM amphibus_{what}")
            assert {row[0] for row in rows} == {each["id"] for each in facts[what]}, (module, what)
        handled = "SELECT outcome, count(*) FROM amphibus_inbox GROUP BY outcome"
        assert dict(old.rows(module, handled)) == facts["inbox_by_outcome"], module
        assert old.rows(module, "SELECT count(*) FROM amphibus_delivery") == [(0,)]
