"""A broker of one's own for a while, which may be lost: for programs that show what happens then."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from amphibus.cli.broker.node import Node, installed
from amphibus.cli.output import CommandError, Exit


class OwnBroker:
    """A RabbitMQ node with a temporary data folder. Lives as long as the `async with own_broker()` that made it."""

    def __init__(self, node: Node) -> None:
        self._node = node

    @property
    def url(self) -> str:
        """The address, which stays the same."""
        return self._node.url

    async def start(self) -> None:
        """Starts the node, empty if it was lost.

        Raises:
            CommandError: it ended, or was not ready in time.
        """
        await asyncio.to_thread(self._node.start)

    async def lose(self) -> None:
        """Kills the node and deletes its data."""
        await asyncio.to_thread(self._node.lose)

    async def stop(self) -> None:
        """Ends the node."""
        await asyncio.to_thread(self._node.stop)


@asynccontextmanager
async def own_broker() -> AsyncIterator[OwnBroker]:
    """Starts a broker; stops it, and deletes all of it, at the end.

    Raises:
        CommandError: RabbitMQ is not installed, or the node does not start.
    """
    scripts = installed()
    if scripts is None:
        raise CommandError(
            "no broker can be started here",
            "RabbitMQ is not installed",
            "sudo apt-get install rabbitmq-server",
            Exit.UNREACHABLE,
        )
    with tempfile.TemporaryDirectory(prefix="amphibus-broker-") as folder:
        broker = OwnBroker(Node(Path(folder), scripts))
        try:
            await broker.start()
            yield broker
        finally:
            await broker.stop()
