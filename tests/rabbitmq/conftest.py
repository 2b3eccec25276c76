"""A node that may be stopped and killed, and the tiny business of the conformance suite on it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiormq
import pytest
import pytest_asyncio
from aiormq.abc import AbstractChannel

from amphibus.testing import environment
from amphibus.testing.conformance.business import project
from amphibus.testing.conformance.office import PARTITIONS, Office
from amphibus.transports.rabbitmq.names import Names
from tests.services.rabbitmq import RabbitNode, scripts


@pytest.fixture(scope="session")
def node() -> Iterator[RabbitNode]:
    """One node for all tests here; who stops it starts it again."""
    node = RabbitNode(scripts())
    try:
        node.start()
        yield node
    finally:
        node.destroy()


@pytest_asyncio.fixture
async def office(node: RabbitNode, tmp_path: Path) -> AsyncIterator[Office]:
    """The tiny business, not opened yet."""
    yield Office("rabbitmq", tmp_path, amqp_url=node.url)
    await node.forget(tmp_path, project().topology())


@pytest.fixture
def names(tmp_path: Path) -> Names:
    """What things of the tiny business are called at the broker."""
    return Names("shop", environment(tmp_path), PARTITIONS, project().topology())


@pytest.fixture
def channel(node: RabbitNode) -> Any:
    """Opens a channel of a stranger: `async with channel() as stranger`."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[AbstractChannel]:
        connection = await aiormq.connect(node.url)
        try:
            yield await connection.channel()
        finally:
            await connection.close()

    return opened
