"""Each fact runs on every transport; it never knows which."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.conformance.business import project
from tests.conformance.office import Office
from tests.services.rabbitmq import forget

_SLOWER = re.compile(r"\[(memory\+wire|rabbitmq)")
TRANSPORTS = ("memory", "memory+wire", "rabbitmq")


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    """What carries the messages."""
    return str(request.param)


@pytest_asyncio.fixture
async def office(
    transport: str, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Office]:
    """The tiny business, not opened yet."""
    url = str(request.getfixturevalue("broker")) if transport == "rabbitmq" else None
    yield Office(transport, tmp_path, amqp_url=url)
    if url is not None:
        await forget(url, tmp_path, project().topology())


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each death of a process takes a second or more; in the default they are those of one transport."""
    for item in items:
        if "test_crashes.py" in item.nodeid and _SLOWER.search(item.nodeid):
            item.add_marker(pytest.mark.full)
