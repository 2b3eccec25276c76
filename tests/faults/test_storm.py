"""A storm: faults of every kind that the seed chooses, one after the other and two at once, over a shop at work.

AMPHIBUS_STORM_SECONDS says how long all of it lasts (300; 1800 is the long form, with rounds of a
minute) and AMPHIBUS_STORM_SEED repeats one.
"""

import asyncio
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from amphibus.testing import environment
from tests.faults.conftest import Say
from tests.services.postgres import PostgresCluster
from tests.services.rabbitmq import RabbitNode, scripts
from tests.storm.faults import OF_FILES, OF_THE_PROCESS, OF_THE_PROVIDER
from tests.storm.rounds import Storm, Weather
from tests.storm.shapes import ManyProcesses, OneProcess
from tests.storm.surroundings import PARTITIONS, Surroundings
from tests.topologies.databases import drop_database, make_database

_SECONDS: Final = float(os.environ.get("AMPHIBUS_STORM_SECONDS", "300"))
_SEED: Final = int(os.environ.get("AMPHIBUS_STORM_SEED", "0")) or random.randrange(1, 1_000_000)
_MORE_SECONDS: Final = 400
_DISK: Final = "size=64m"
pytestmark = [pytest.mark.full, pytest.mark.timeout(int(_SECONDS * 4) + _MORE_SECONDS)]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own; where we may not have one, a folder that cannot be full."""
    folder = tmp_path / "shop"
    (folder / "var").mkdir(parents=True)
    mounted = not subprocess.run(
        ["mount", "-t", "tmpfs", "-o", _DISK, "none", str(folder / "var")],
        check=False,
        capture_output=True,
    ).returncode
    yield folder
    if mounted:
        subprocess.run(["umount", "--lazy", str(folder / "var")], check=False)


@pytest.fixture
def node() -> Iterator[RabbitNode]:
    """A broker that the storm may stop."""
    made = RabbitNode(scripts())
    try:
        made.start()
        yield made
    finally:
        made.destroy()


def test_one_process_on_files_outlives_a_storm(disk: Path, say: Say) -> None:
    files = OF_FILES if os.path.ismount(disk / "var") else OF_FILES[1:]
    weather = Weather(_SEED, _SECONDS / 2, (OF_THE_PROCESS, (*OF_THE_PROVIDER, *files)))
    shop = OneProcess(disk)
    say(f"AMPHIBUS_STORM_SEED={_SEED}: {weather.seconds:g} s over one process")
    try:
        shop.start()
        storm = Storm(shop, weather, say)
        storm.rage()
        storm.settle()
    finally:
        shop.abandon()


def test_two_instances_on_a_server_and_a_broker_outlive_a_storm(
    node: RabbitNode, cluster: PostgresCluster, tmp_path: Path, say: Say
) -> None:
    name = environment(tmp_path)
    books_url = make_database(cluster, name)
    around = Surroundings(node, cluster, name, name)
    of_the_server = around.faults()
    weather = Weather(_SEED, _SECONDS / 2, ((*OF_THE_PROCESS, *OF_THE_PROVIDER), of_the_server))
    shop = ManyProcesses(
        tmp_path, amqp_url=around.amqp_url, db_url=around.db_url, books_url=books_url
    )
    say(f"AMPHIBUS_STORM_SEED={_SEED}: {weather.seconds:g} s over many processes")
    try:
        shop.start()
        storm = Storm(shop, weather, say)
        storm.rage()
        storm.settle(lambda: around.strangers)
    finally:
        shop.abandon()
        around.close()
        drop_database(cluster, name)
        asyncio.run(node.forget(tmp_path, around._names.topology, PARTITIONS))
