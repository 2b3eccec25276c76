"""A broker and a database server that the tests here may stop and kill, and shops on them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from amphibus.messages.ids import new_id
from amphibus.routing.project import Project
from amphibus.testing import environment
from tests.faults.conftest import Say, month, say
from tests.faults.month import ROOT
from tests.services.postgres import PostgresCluster, cluster
from tests.services.rabbitmq import RabbitNode, scripts
from tests.topologies.databases import drop_database, make_database
from tests.topologies.system import System

__all__ = ["Say", "month", "say"]

_PARTITIONS = 8
Build = Callable[[str], System]
"""Makes a shop on `files` or on a `server`."""


@pytest.fixture(scope="package")
def node() -> Iterator[RabbitNode]:
    """One for all tests here; who stops it starts it again."""
    made = RabbitNode(scripts())
    try:
        made.start()
        yield made
    finally:
        made.destroy()


@pytest.fixture(scope="package")
def server() -> Iterator[PostgresCluster]:
    """One for all tests here; who stops it starts it again."""
    yield from cluster()


@pytest_asyncio.fixture
async def database(server: PostgresCluster) -> AsyncIterator[str]:
    """An empty one."""
    name = f"together-{new_id()}"
    yield await asyncio.to_thread(make_database, server, name)
    await asyncio.to_thread(drop_database, server, name)


@pytest.fixture
def build(request: pytest.FixtureRequest, node: RabbitNode, tmp_path: Path) -> Iterator[Build]:
    """Shops that are not started yet, and are ended and forgotten with the test."""
    name = environment(tmp_path)
    made: list[System] = []
    servers: list[PostgresCluster] = []

    def build_on(storage: str) -> System:
        url = None
        if storage == "server":
            servers.append(request.getfixturevalue("server"))
            url = make_database(servers[0], name)
        system = System(tmp_path, amqp_url=node.url, db_url=url)
        made.append(system)
        return system

    yield build_on
    for each in made:
        each.abandon()
    for each_server in servers:
        drop_database(each_server, name)
    asyncio.run(node.forget(tmp_path, Project.find(ROOT).topology(), _PARTITIONS))
