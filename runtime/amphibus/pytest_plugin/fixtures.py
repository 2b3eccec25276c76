"""The fixtures: the modules at work, the clock that they live by, and the servers that a mode needs."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from amphibus.clock import VirtualClock, clock_of
from amphibus.pytest_plugin.modes import MODES, Mode
from amphibus.pytest_plugin.servers import BROKER, POSTGRES, found, new_database
from amphibus.testing import Harness

_KNOWN = {"modes", "modules", "settings", "containers", "at"}


@pytest.fixture
def amphibus_mode(request: pytest.FixtureRequest) -> Mode:
    """The mode in which the modules of this test run."""
    mode: Mode = getattr(request, "param", MODES["memory"])
    return mode


@pytest.fixture
def virtual_clock(request: pytest.FixtureRequest) -> VirtualClock:
    """The clock that `office` runs by, for what reads the time itself; `office.advance` moves it."""
    return VirtualClock(clock_of(on_a_server=True), _marked(request).get("at"))


@pytest.fixture(scope="session")
def broker(pytestconfig: pytest.Config) -> str:
    """The address of a RabbitMQ; the test is skipped where none answers."""
    return found(BROKER, pytestconfig)


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> str:
    """The address of a PostgreSQL server whose user may make databases."""
    return found(POSTGRES, pytestconfig)


@pytest.fixture
def postgres(postgres_server: str) -> Iterator[str]:
    """A database of PostgreSQL with nothing in it, which is gone afterwards."""
    with new_database(postgres_server) as url:
        yield url


@pytest_asyncio.fixture
async def office(
    request: pytest.FixtureRequest,
    amphibus_mode: Mode,
    virtual_clock: VirtualClock,
    tmp_path: Path,
) -> AsyncIterator[Harness]:
    """The modules of the project at work: all, or those that the marker names."""
    marked = _marked(request)
    settings = dict(marked.get("settings", {}))
    if amphibus_mode.on_server:
        settings["db_url"] = request.getfixturevalue("postgres")
    url = request.getfixturevalue("broker") if amphibus_mode.needs_broker else None
    async with Harness.of(
        request.path,
        modules=tuple(marked.get("modules", ())),
        transport=amphibus_mode.transport,
        data_dir=tmp_path,
        amqp_url=url,
        settings=settings,
        containers=marked.get("containers"),
        clock=virtual_clock,
    ) as started:
        yield started
    if url is not None:
        from amphibus.transports.rabbitmq.declare import remove

        await remove(url, started.host.topology, started.host.settings)


def _marked(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The words of the marker of a test; the nearest one counts.

    Raises:
        pytest.UsageError: it says what no marker can.
    """
    marker = request.node.get_closest_marker("amphibus")
    if marker is None:
        return {}
    unknown = {*marker.kwargs} - _KNOWN
    if unknown or marker.args:
        wrong = ", ".join((*map(repr, marker.args), *sorted(unknown)))
        raise pytest.UsageError(
            f"@pytest.mark.amphibus does not take {wrong}; it takes {', '.join(sorted(_KNOWN))}"
        )
    return dict(marker.kwargs)
