"""A client that a broker lets in and then refuses does not hammer it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from pamqp import commands, frame
from pamqp.base import Frame

from amphibus.transports.rabbitmq.client import BrokerClient

pytestmark = pytest.mark.asyncio
Answer = Callable[[Frame, int], Frame | None]
"""Returns what a method on a channel is answered with."""


class StandIn:
    """A broker that lets everybody in; what it answers on channels is the test's."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.connections = 0
        self.port = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["StandIn"]:
        """Listens."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self
            server.close()

    @property
    def url(self) -> str:
        """Its address."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await reader.readexactly(8)
            start = commands.Connection.Start(0, 9, {"capabilities": {"publisher_confirms": True}})
            writer.write(frame.marshal(start, 0))
            while True:
                channel, method = await self._next(reader)
                answer = self._of_connection(method)
                if answer is None:
                    answer = self._answer(method, channel)
                if answer is not None:
                    writer.write(frame.marshal(answer, channel))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _next(self, reader: asyncio.StreamReader) -> tuple[int, Frame]:
        while True:
            head = await reader.readexactly(7)
            rest = await reader.readexactly(int.from_bytes(head[3:], "big") + 1)
            _, channel, found = frame.unmarshal(head + rest)
            if isinstance(found, Frame):
                return channel, found

    def _of_connection(self, method: Frame) -> Frame | None:
        match method:
            case commands.Connection.StartOk():
                return commands.Connection.Tune(100, 131_072, 0)
            case commands.Connection.Open():
                return commands.Connection.OpenOk()
            case commands.Connection.Close():
                return commands.Connection.CloseOk()
        return None


async def test_a_broker_that_refuses_each_channel_is_not_hammered() -> None:
    """As one that has reached its limit: each try would be a connection, one after the other at once."""

    def refuses(method: Frame, _channel: int) -> Frame | None:
        if isinstance(method, commands.Channel.Open):
            return commands.Channel.Close(406, "no more channels", 20, 10)
        return None

    async with StandIn(refuses).serving() as broker:
        client = BrokerClient(broker.url)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await client.open()
        await client.close()

    assert 1 <= broker.connections <= 6  # after 0.1, 0.3, 0.7, 1.5 seconds
