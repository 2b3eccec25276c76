"""A storm: faults of every kind that the seed chooses, one after the other and two at once, over a shop at work.

AMPHIBUS_STORM_SECONDS says how long all of it lasts (300; 1800 is the long form, with rounds of a
minute) and AMPHIBUS_STORM_SEED repeats one.
"""

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
from tests.services.rabbit_cluster import RabbitCluster
from tests.services.rabbitmq import scripts
from tests.storm.brokers import StormyBroker
from tests.storm.faults import OF_CODE, OF_FILES, OF_THE_PROCESS
from tests.storm.rounds import Storm, Weather
from tests.storm.servers import StormyServer
from tests.storm.shapes import ManyProcesses, OneProcess
from tests.topologies.databases import drop_database, make_database

_SECONDS: Final = float(os.environ.get("AMPHIBUS_STORM_SECONDS", "300"))
_OF_ONE_PROCESS: Final = 0.2
_OF_MANY: Final = 0.4
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


@pytest.fixture(params=[1, 3], ids=["one node", "three nodes"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StormyBroker]:
    """A broker whose nodes the storm may stop."""
    cluster = RabbitCluster(scripts(), request.param)
    try:
        cluster.start()
        made = StormyBroker(cluster, environment(tmp_path))
        yield made
        made.close()
    finally:
        cluster.destroy()


@pytest.fixture
def database(cluster: PostgresCluster, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty one."""
    name = environment(tmp_path)
    yield make_database(cluster, name)
    drop_database(cluster, name)


def test_one_process_on_files_outlives_a_storm(disk: Path, say: Say) -> None:
    files = OF_FILES if os.path.ismount(disk / "var") else OF_FILES[1:]
    lanes = (OF_THE_PROCESS, (*OF_CODE, *files))
    weather = Weather(_SEED, _SECONDS * _OF_ONE_PROCESS, lanes)
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
    broker: StormyBroker, cluster: PostgresCluster, database: str, tmp_path: Path, say: Say
) -> None:
    server = StormyServer(cluster, environment(tmp_path))
    lanes = ((*OF_THE_PROCESS, *OF_CODE), (*broker.faults(), *server.faults()))
    quiet = broker.without_a_node if broker.has_several_nodes else None
    weather = Weather(_SEED, _SECONDS * _OF_MANY, lanes, quiet)
    shop = ManyProcesses(tmp_path, amqp_url=broker.url, db_url=server.url, books_url=database)
    say(f"AMPHIBUS_STORM_SEED={_SEED}: {weather.seconds:g} s over many processes")
    try:
        shop.start()
        storm = Storm(shop, weather, say)
        storm.rage()
        storm.settle(lambda: broker.strangers)
    finally:
        shop.abandon()
        server.close()
