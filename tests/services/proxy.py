"""A TCP proxy whose connections can be frozen: both ends believe that they are connected."""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.engine import make_url


class Proxy:
    """Stands before a server; lives within `proxy_before`."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._gates: list[asyncio.Event] = []
        self._frozen_from = math.inf
        self._tasks: set[asyncio.Task[None]] = set()

    def freeze(self) -> None:
        """Nothing goes through the connections that there are; new ones work."""
        for gate in self._gates:
            gate.clear()

    def freeze_from(self, number: int) -> None:
        """Nothing goes through any connection that comes, from the one of this number on; the first is 1."""
        self._frozen_from = number

    @property
    def connections(self) -> int:
        """The number of connections that came."""
        return len(self._gates)

    def thaw(self) -> None:
        """What was held back goes through."""
        for gate in self._gates:
            gate.set()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Brings one connection to the server."""
        there, back = await asyncio.open_connection(*self._to)
        gate = asyncio.Event()
        self._gates.append(gate)
        if len(self._gates) < self._frozen_from:
            gate.set()
        for source, target in ((reader, back), (there, writer)):
            task = asyncio.create_task(_pump(source, target, gate))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def end(self) -> None:
        """Cuts all."""
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)


async def _pump(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, gate: asyncio.Event
) -> None:
    try:
        with contextlib.suppress(OSError):
            while data := await source.read(65_536):
                await gate.wait()
                target.write(data)
                await target.drain()
            await gate.wait()
    finally:
        target.transport.abort()


@asynccontextmanager
async def proxy_before(url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy before the server of a URL, and the URL that leads through it."""
    parsed = make_url(url)
    assert parsed.host is not None
    assert parsed.port is not None
    proxy = Proxy(parsed.host, parsed.port)
    server = await asyncio.start_server(proxy.connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield proxy, parsed.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
    finally:
        server.close()
        await proxy.end()
