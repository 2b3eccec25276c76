"""Each fact runs on every transport, and on files and on a server; it never knows which."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.office import PARTITIONS, Office
from tests.conformance.direct_alone import office_on
from tests.conformance.transports import ON_SERVER, TRANSPORTS
from tests.services.postgres import PostgresCluster, database_in
from tests.services.rabbitmq import forget, ready

_HERE = Path(__file__).parent
_QUICK_FILES = ("test_once.py", "test_queries.py")
_ASKING_FILES = ("test_requests.py", "test_queries.py")
"""What differs where requests go directly."""
_QUICK = "after_a_ruined_transaction"
"""What of the facts on a server is in the default: a second each, as each has a database of its own."""


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    """What carries the messages, and where the databases are."""
    return str(request.param)


@pytest.fixture(scope="session")
def untouched(cluster: PostgresCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database with all tables and nothing in them, for tests to have copies of."""

    async def make(url: str) -> None:
        async with Office("memory", tmp_path_factory.mktemp("untouched"), db_url=url).open():
            pass

    with database_in(cluster) as url:
        asyncio.run(make(url))
        yield url


@pytest.fixture
def db_url(transport: str, request: pytest.FixtureRequest) -> Iterator[str | None]:
    """A database with nothing in its tables, where they are on a server."""
    if not transport.endswith(ON_SERVER):
        yield None
        return
    cluster: PostgresCluster = request.getfixturevalue("cluster")
    with database_in(cluster, like=request.getfixturevalue("untouched")) as url:
        yield url


@pytest_asyncio.fixture
async def office(
    transport: str, db_url: str | None, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Office]:
    """The tiny business, not opened yet."""
    carrier = transport.removesuffix(ON_SERVER)
    url = str(request.getfixturevalue("broker")) if carrier.startswith("rabbitmq") else None
    made = office_on(carrier, tmp_path, amqp_url=url, db_url=db_url)
    if url is None:
        yield made
        return
    topology = project().topology()
    made.waiting_outside = lambda module: ready(url, tmp_path, topology, module, PARTITIONS)
    yield made
    await forget(url, tmp_path, topology)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leaves to the full run what takes long; in the default are facts of every kind on one transport at least."""
    for item in items:
        if item.path.parent == _HERE and isinstance(item, pytest.Function):
            transport = item.callspec.params.get("transport") if hasattr(item, "callspec") else None
            if _takes_long(item.name, item.path.name, transport):
                item.add_marker(pytest.mark.full)


def _takes_long(name: str, file: str, transport: object) -> bool:
    if file == "test_crashes.py":  # each death of a process takes a second or more
        return transport not in (None, "memory")
    if file == "test_schedules.py" and "five_working_days" not in name:
        return transport not in (None, "memory")  # what differs from here on is how a message goes
    if transport in ("rabbitmq+direct", "direct"):
        return file not in _ASKING_FILES
    on_server = str(transport).endswith(ON_SERVER)
    quick = transport == f"memory{ON_SERVER}" and (file in _QUICK_FILES or _QUICK in name)
    return on_server and not quick
