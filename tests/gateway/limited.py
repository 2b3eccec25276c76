"""The gateway behind the server that processes have, with its limits, on real sockets."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from amphibus.config.http import HttpSettings
from amphibus.config.settings import Settings
from amphibus.host.http.server import HttpServer
from tests.gateway.reading_room import Room, reading_room

HEAD = b"GET /livez HTTP/1.1\r\nHost: x\r\n"


class Limited:
    """A room, its server, and a client of it."""

    def __init__(self, room: Room, server: HttpServer, client: httpx.AsyncClient) -> None:
        self.room, self.server, self.client = room, server, client
        self.port = int(server.url.rpartition(":")[2])

    @property
    def connections(self) -> Any:
        return self.server._connections

    def later(self, seconds: float) -> None:
        """Looks after the connections as if so much time had passed."""
        self.connections.look(self.connections.now + seconds)

    async def connect(
        self, source: str = "127.0.0.1"
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connects from an address of this machine."""
        return await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0))

    async def until(self, count: int) -> None:
        """Returns once there are so many connections."""
        async with asyncio.timeout(30):
            while len(self.connections) != count:
                await asyncio.sleep(0.005)

    async def say(self, *texts: bytes) -> bytes:
        """Says something on a connection of its own and hears what comes until it is closed."""
        reader, writer = await self.connect()
        with contextlib.suppress(ConnectionError):
            for text in texts:
                writer.write(text)
                await writer.drain()
        heard = await hear(reader)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        return heard


async def hear(reader: asyncio.StreamReader) -> bytes:
    """Returns what comes until the connection ends, in whatever way."""
    heard = b""
    with contextlib.suppress(ConnectionError):
        while more := await reader.read(65_536):
            heard += more
    return heard


def told(heard: bytes) -> dict[str, Any]:
    """Returns the problem in an answer, checked to be whole."""
    head, _, body = heard.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head.lower()
    assert b"connection: close" in head.lower()
    found: dict[str, Any] = json.loads(body)
    assert {"type", "title", "status", "detail", "instance"} <= set(found)
    assert head.split(b" ", 2)[1] == str(found["status"]).encode()
    return found


@contextlib.asynccontextmanager
async def limited(folder: Path, **http: Any) -> AsyncIterator[Limited]:
    """The library behind a server with these settings of `[http]`."""
    settings = Settings(port=0, http=HttpSettings(**http))
    async with reading_room(folder) as room:
        server = HttpServer(room.app, settings)
        await server.start()
        try:
            async with httpx.AsyncClient(base_url=server.url) as client:
                yield Limited(room, server, client)
        finally:
            await server.stop()
