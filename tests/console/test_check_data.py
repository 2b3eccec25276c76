"""`amphibus check --against-data` says which processes the code would lose, without starting anything."""

import json
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from amphibus.testing import Harness
from tests.architecture.tree import ROOT
from tests.services.warm import warm_process


@pytest.mark.asyncio
async def test_it_names_what_is_left_behind_with_its_count_and_keys(tmp_path: Path) -> None:
    async with Harness.of(ROOT, modules=("orders",), data_dir=tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / "orders.db")) as raw, raw:
        raw.execute(
            "INSERT INTO amphibus_timer (name, key, due, id, correlation, trace)"
            " VALUES ('fulfilment/gone', 'an-order', 1, 't', 't', '')"
        )

    checked = _check("--against-data", "--data-dir", str(tmp_path))

    assert checked.returncode == 3
    assert json.loads(checked.stdout)["problems"] == [
        (
            "module orders: process fulfilment: 1 has the deadline 'gone' (an-order); declare "
            'Process(name="fulfilment", takes_over_deadlines={"gone": "..."})'
        )
    ]


def test_it_names_what_is_no_database_of_a_module(tmp_path: Path) -> None:
    """Of a module without processes, too, which has nothing to lose."""
    (tmp_path / "inventory.db").write_text("hello\n")
    (tmp_path / "orders.db").mkdir()

    checked = _check("--against-data", "--data-dir", str(tmp_path))

    assert checked.returncode == 3
    inventory, orders = json.loads(checked.stdout)["problems"]
    assert inventory.startswith(
        f"module inventory: {tmp_path}/inventory.db is no SQLite database: it does not begin as one does; mv "
    )
    assert orders.startswith(f"module orders: {tmp_path}/orders.db is no file: a folder stands")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["inventory.db", "orders.db"]


def _check(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return warm_process().run(("check", "--json", *arguments), cwd=ROOT, environ=os.environ)
